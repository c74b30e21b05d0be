"""The pictures of purchase prediction."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from ml_modeling.calibration import CalibrationBins
from ml_modeling.plotting import BLUE, INK, ORANGE, Plot, canvas, explain_colours, in_percent, name_rows, show_intervals
from ml_modeling.slices import SliceMetrics

_SHOWN_FEATURES = 12
_CURVE_POINTS = 200
_PERCENT = 100


def calibration_plot(bins: CalibrationBins) -> Plot:
    """Show the share of rows with an order against the mean probability of bins of equal count."""
    figure, axes = canvas(f"Calibration: off by {_PERCENT * bins.expected_error:.1f} percentage points on average")
    largest = float(max(bins.predicted.max(), bins.observed.max())) * 1.05
    axes.plot([0, largest], [0, largest], color=INK, linewidth=0.8, linestyle=":", label="perfect")
    axes.plot(bins.predicted, bins.observed, marker="o", markersize=4, color=BLUE, label="this model")
    axes.set(xlabel="mean probability of an order", ylabel="share of rows with an order")
    in_percent(axes.xaxis, axes.yaxis)
    explain_colours(figure)
    reading = "Groups of as many rows each, by probability; those above the dotted line order more often than it says."
    return Plot("calibration", reading, figure)


def gain_plot(labels: NDArray[np.bool_], probabilities: NDArray[np.float64]) -> Plot:
    """Show which share of the orders is among the rows of highest probability."""
    found = np.cumsum(labels[np.argsort(-probabilities, kind="stable")]) / labels.sum()
    figure, axes = canvas(f"Gain: the likeliest tenth has {found[ceil(len(found) / 10) - 1]:.0%} of the orders")
    places = np.linspace(0, len(found) - 1, _CURVE_POINTS).astype(int)
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":", label="by chance")
    axes.plot((places + 1) / len(found), found[places], color=BLUE, label="this model")
    axes.set(xlabel="share of rows, likeliest first", ylabel="share of rows with an order found")
    in_percent(axes.xaxis, axes.yaxis)
    explain_colours(figure)
    return Plot("gain", "How many of the orders are found by looking at the likeliest rows only.", figure)


def slices_plot(slices: Sequence[SliceMetrics], auc_of_all: float) -> Plot:
    """Show the AUC of each slice that could be measured."""
    measured = [(f"{each.kind}: {each.value}", each.auc) for each in slices if each.auc is not None]
    figure, axes = canvas("AUC by slice", len(measured))
    axes.axvline(auc_of_all, color=INK, linewidth=0.8, linestyle=":", label="all rows")
    show_intervals(axes, [auc for _, auc in measured], "slice, with its 95 % interval")
    name_rows(axes, [name for name, _ in measured])
    axes.set(xlabel="AUC (0.5 is chance, 1 is perfect)")
    explain_colours(figure)
    return Plot("slices", "Where it tells rows apart worse than elsewhere; too small slices are left out.", figure)


def shap_plot(names: Sequence[str], values: NDArray[np.float64], features: NDArray[np.float64]) -> Plot:
    """Show the mean size of what each feature adds to the probability.

    ``values`` and ``features`` are rows × features; the colour is the sign of their covariance.
    """
    sizes = np.abs(values).mean(axis=0)
    shown = np.argsort(-sizes, kind="stable")[:_SHOWN_FEATURES]
    means = np.ma.masked_invalid(features).mean(axis=0).filled(0.0)
    rises = (np.nansum((features - means) * values, axis=0) > 0)[shown]
    figure, axes = canvas("What moves the probability (SHAP)", len(shown))
    for chosen, colour, label in ((rises, BLUE, "more of it: likelier"), (~rises, ORANGE, "more of it: less likely")):
        if chosen.any():
            axes.barh(np.flatnonzero(chosen), _PERCENT * sizes[shown[chosen]], color=colour, label=label)
    name_rows(axes, [names[place] for place in shown])
    axes.set(xlabel="mean |SHAP|, in percentage points of probability")
    explain_colours(figure)
    return Plot("shap", f"How far each feature moves the probability, the mean of {len(values)} rows.", figure)
