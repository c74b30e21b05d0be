"""How pictures of models look: SVG that takes the colour of the text around it, for pages; PNG for all else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ml_modeling.estimates import Estimate

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.typing import RcKeyType

# A colour that nothing else has: it becomes the page's own.
INK = "#010203"
BLUE, ORANGE = "#4c8bf5", "#e8853d"
_SQUARE_INCHES = 3.6
_WIDTH_INCHES, _FRAME_INCHES, _ROW_INCHES = 4.6, 1.1, 0.22
_PNG_DPI = 200
# Addresses and times that matplotlib would write.
_METADATA = ("Creator", "Date", "Format", "Type")
_STYLE: dict[RcKeyType, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "aisle",
    "font.size": 9,
    "figure.titlesize": 10,
    "figure.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


@dataclass(frozen=True)
class Plot:
    """A picture with its title; ``name`` is that of its file, ``reading`` says how to read it."""

    name: str
    reading: str
    figure: Figure

    @property
    def svg(self) -> str:
        """The picture as an element of a page; its text stays text."""
        with mpl.rc_context(_STYLE), StringIO() as text:
            self.figure.savefig(text, format="svg", transparent=True, metadata=dict.fromkeys(_METADATA))
            svg = text.getvalue().replace(INK, "currentColor")
        return svg[svg.index("<svg") :]

    @property
    def png(self) -> bytes:
        """The picture on white, 920 pixels wide."""
        with mpl.rc_context(_STYLE), BytesIO() as file:
            self.figure.savefig(file, format="png", dpi=_PNG_DPI, facecolor="white")
            return file.getvalue()


def canvas(title: str, rows: int | None = None) -> tuple[Figure, Axes]:
    """Return an empty picture with a title: of so many rows of names, from above, or nearly square."""
    height = _SQUARE_INCHES if rows is None else _FRAME_INCHES + _ROW_INCHES * rows
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH_INCHES, height), layout="constrained")
        figure.suptitle(title, x=0.01, horizontalalignment="left")
        return figure, figure.add_subplot()


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the places 0, 1, 2, … of the upright axis, from above."""
    axes.set_yticks(range(len(names)), labels=names)
    axes.set_ylim(len(names) - 0.5, -0.5)


def in_percent(*axes: Axis) -> None:
    """Show shares as percentages."""
    for each in axes:
        each.set_major_formatter(PercentFormatter(1.0))


def show_intervals(axes: Axes, estimates: Sequence[Estimate], label: str) -> None:
    """Show each estimate in its row as a point on its interval."""
    values, lows, highs = (np.array([getattr(each, name) for each in estimates]) for name in ("value", "low", "high"))
    away = np.array([values - lows, highs - values])
    rows = np.arange(len(values))
    axes.errorbar(values, rows, xerr=away, fmt="o", markersize=4, elinewidth=1.2, color=BLUE, label=label)


def explain_colours(figure: Figure) -> None:
    """Put a legend below."""
    with mpl.rc_context(_STYLE):
        figure.legend(loc="outside lower right", ncols=3, frameon=False)
