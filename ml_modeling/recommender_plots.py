"""The pictures of the recommender."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ml_modeling.plotting import BLUE, INK, ORANGE, Plot, canvas, explain_colours, in_percent, name_rows, show_intervals
from ml_modeling.recall_slices import RecallSlice

_SHOWN_FEATURES = 15
# This model, then two to compare with.
_LINES = ((BLUE, "-"), (ORANGE, "-"), (INK, ":"))


def recall_plot(recalls: Mapping[str, Sequence[float]]) -> Plot:
    """Show for each of at most three models the recall of lists of length 1, 2, 3, …; the first is this model."""
    ours = next(iter(recalls.values()))
    figure, axes = canvas(f"Recall: lists of {len(ours)} hold {ours[-1]:.0%} of what comes next")
    for (name, values), (color, style) in zip(recalls.items(), _LINES, strict=False):
        axes.plot(range(1, len(values) + 1), values, style, color=color, marker="o", markersize=2, label=name)
    axes.set(xlabel="length of the list (products)", ylabel="share of next products found", ylim=(0, None))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    in_percent(axes.yaxis)
    explain_colours(figure)
    return Plot("recall", "How often what came next is in the list, for lists of each length.", figure)


def recall_slices_plot(slices: Sequence[RecallSlice], recall_of_all: float) -> Plot:
    """Show the recall of each slice that could be measured, of this model and of co-visitation alone."""
    measured = [each for each in slices if each.recall is not None]
    figure, axes = canvas("Recall@20 by slice", len(measured))
    axes.axvline(recall_of_all, color=INK, linewidth=0.8, linestyle=":", label="all")
    baselines = [each.baseline_recall for each in measured if each.baseline_recall is not None]
    axes.plot(baselines, range(len(baselines)), "|", markersize=10, color=ORANGE, label="co-visitation")
    ours = [each.recall for each in measured if each.recall is not None]
    show_intervals(axes, ours, "this model, 95 % interval")
    name_rows(axes, [f"{each.kind}: {each.value}" for each in measured])
    axes.set(xlabel="share of next products found")
    in_percent(axes.xaxis)
    explain_colours(figure)
    reading = "For whom, and of which products, it finds what comes next; slices of too few sessions are left out."
    return Plot("slices", reading, figure)


def gains_plot(names: Sequence[str], gains: NDArray[np.float64]) -> Plot:
    """Show the features that the ranking gains most by."""
    figure, axes = _bars("What the ranking has learned from", names, gains)
    axes.set(xlabel="share of the gain of all splits")
    in_percent(axes.xaxis)
    return Plot("gains", "By which features LightGBM's trees could tell candidates apart when it learned.", figure)


def contributions_plot(names: Sequence[str], contributions: NDArray[np.float64]) -> Plot:
    """Show the features that move candidates most against the others of their list."""
    figure, axes = _bars("What orders a list (SHAP)", names, contributions)
    axes.set(xlabel="mean |SHAP|, in units of LightGBM's score")
    return Plot("shap", "How far each feature moves a candidate against the others of its list.", figure)


def _bars(title: str, names: Sequence[str], sizes: NDArray[np.float64]) -> tuple[Figure, Axes]:
    shown = np.argsort(-sizes, kind="stable")[:_SHOWN_FEATURES]
    figure, axes = canvas(title, len(shown))
    axes.barh(range(len(shown)), sizes[shown], color=ORANGE)
    name_rows(axes, [names[place] for place in shown])
    return figure, axes
