"""The pictures of an experiment's report, as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import ConciseDateFormatter
from matplotlib.figure import Figure

from experiments.comparison import Comparison
from experiments.report import Report

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

_COLOURS = ("#4c8bf5", "#e8853d", "#4caf7a", "#a06ad4")
_STYLE: dict[RcKeyType, Any] = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}


def course_plot(report: Report, comparisons: Sequence[Comparison]) -> bytes:
    """Show one metric's difference to the control by time of what was shown, with its intervals."""
    with mpl.rc_context(_STYLE):
        figure, axes = _axes(3.2)
        times = np.array([look.replace(tzinfo=None) for look in report.looks], "datetime64[us]")
        for colour, each in zip(_COLOURS * len(comparisons), comparisons, strict=False):
            axes.plot(times, each.effect.difference, color=colour, marker=".", label=each.treatment)
            axes.fill_between(times, each.low, each.high, color=colour, alpha=0.2, linewidth=0)
        axes.axhline(0, color="black", linewidth=0.8, linestyle=":")
        axes.set(ylabel=f"{comparisons[0].metric.name}: difference to {report.experiment.control.name}")
        locator = axes.xaxis.get_major_locator()
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
        axes.legend(frameon=False)
        return _png(figure)


def visitors_plot(report: Report) -> bytes:
    """Show the visitors of each variant beside those that its share promises."""
    with mpl.rc_context(_STYLE):
        names = list(report.ratio.seen)
        figure, axes = _axes(0.9 + 0.35 * len(names))
        axes.barh(names, list(report.ratio.seen.values()), color=_COLOURS[0], label="seen")
        axes.plot(list(report.ratio.expected.values()), names, "k|", markersize=18, label="expected")
        axes.set(xlabel="visitors")
        axes.invert_yaxis()
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
        return _png(figure)


def _axes(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6.4, height), layout="constrained")
    return figure, figure.add_subplot()


def _png(figure: Figure) -> bytes:
    with BytesIO() as file:
        figure.savefig(file, format="png", dpi=150)
        return file.getvalue()
