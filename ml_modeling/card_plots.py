"""The plots of a model card: SVG that takes the colour of the text around it, so that it reads in light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import StringIO
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ml_modeling.calibration import CalibrationBins
from ml_modeling.recall_slices import RecallSlice
from ml_modeling.slices import SliceMetrics

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

# A colour that nothing else has: it becomes the page's own.
_INK = "#010203"
_BLUE, _ORANGE = "#4c8bf5", "#e8853d"
_SHOWN_FEATURES = 12
# This model, then two to compare with.
_LINES = ((_BLUE, "-"), (_ORANGE, "-"), (_INK, ":"))
_STYLE: dict[RcKeyType, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "aisle",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}


def calibration_plot(bins: CalibrationBins) -> str:
    """Show the share of orders against the mean probability of ten bins of equal count."""
    figure, axes = _axes(3.6)
    largest = float(max(bins.predicted.max(), bins.observed.max())) * 1.05
    axes.plot([0, largest], [0, largest], color=_INK, linewidth=0.8, linestyle=":", label="perfect")
    axes.plot(bins.predicted, bins.observed, marker="o", markersize=4, color=_BLUE, label="this model")
    axes.set(xlabel="mean probability", ylabel="share with an order")
    return _svg(figure, axes)


def gain_plot(labels: NDArray[np.bool_], probabilities: NDArray[np.float64]) -> str:
    """Show which share of the orders is among the rows of highest probability."""
    figure, axes = _axes(3.6)
    found = np.cumsum(labels[np.argsort(-probabilities, kind="stable")]) / labels.sum()
    places = np.linspace(0, len(found) - 1, 200).astype(int)
    axes.plot([0, 1], [0, 1], color=_INK, linewidth=0.8, linestyle=":", label="by chance")
    axes.plot((places + 1) / len(found), found[places], color=_BLUE, label="this model")
    axes.set(xlabel="share of rows, likeliest first", ylabel="share of orders found")
    return _svg(figure, axes)


def slices_plot(slices: Sequence[SliceMetrics]) -> str:
    """Show the AUC of each slice that could be measured."""
    measured = [(f"{each.kind}: {each.value}", each.auc) for each in slices if each.auc is not None]
    figure, axes = _axes(0.6 + 0.22 * len(measured))
    axes.plot([auc for _, auc in measured], [name for name, _ in measured], "o", color=_BLUE)
    axes.axvline(0.5, color=_INK, linewidth=0.8, linestyle=":")
    axes.set(xlabel="AUC")
    axes.invert_yaxis()
    return _svg(figure)


def shap_plot(names: Sequence[str], values: NDArray[np.float64]) -> str:
    """Show the mean size of what each feature adds to the probability; ``values`` are rows × features."""
    return largest_plot(names, np.abs(values).mean(axis=0), "mean |SHAP|, in probability")


def largest_plot(names: Sequence[str], sizes: NDArray[np.float64], label: str) -> str:
    """Show the features of the largest ``sizes`` as bars."""
    shown = np.argsort(-sizes, kind="stable")[:_SHOWN_FEATURES]
    figure, axes = _axes(0.6 + 0.22 * len(shown))
    axes.barh([names[place] for place in shown], sizes[shown], color=_ORANGE)
    axes.set(xlabel=label)
    axes.invert_yaxis()
    return _svg(figure)


def recall_plot(recalls: Mapping[str, Sequence[float]]) -> str:
    """Show for each model the recall of lists of length 1, 2, 3, …; the first is this model."""
    figure, axes = _axes(3.6)
    for (name, values), (color, style) in zip(recalls.items(), _LINES, strict=True):
        axes.plot(range(1, len(values) + 1), values, color=color, linestyle=style, label=name)
    axes.set(xlabel="length of the list", ylabel="share of next products found", ylim=(0, None))
    return _svg(figure, axes)


def recall_slices_plot(slices: Sequence[RecallSlice]) -> str:
    """Show the recall of each slice that could be measured, of this model and of co-visitation alone."""
    found = [(f"{each.kind}: {each.value}", each.recall, each.baseline_recall) for each in slices]
    names = [name for name, recall, _ in found if recall is not None]
    figure, axes = _axes(0.9 + 0.22 * len(names))
    baselines = [recall for _, _, recall in found if recall is not None]
    axes.plot(baselines, names, "|", markersize=10, color=_ORANGE, label="co-visitation")
    axes.plot([recall for _, recall, _ in found if recall is not None], names, "o", color=_BLUE, label="this model")
    axes.set(xlabel="recall", xlim=(0, None))
    axes.invert_yaxis()
    return _svg(figure, axes)


def _axes(height: float) -> tuple[Figure, Axes]:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.6, height), layout="constrained")
        return figure, figure.add_subplot()


def _svg(figure: Figure, with_legend: Axes | None = None) -> str:
    with mpl.rc_context(_STYLE), StringIO() as text:
        if with_legend is not None:
            with_legend.legend(frameon=False)
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
        svg = text.getvalue().replace(_INK, "currentColor")
    return svg[svg.index("<svg") :]
