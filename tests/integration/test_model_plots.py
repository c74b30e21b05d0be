"""What the pictures of models show: read from the drawn figures, and from their files."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from ml_modeling.calibration import calibration_bins
from ml_modeling.estimates import Estimate
from ml_modeling.plotting import BLUE, ORANGE, Plot
from ml_modeling.purchase_plots import calibration_plot, gain_plot, shap_plot, slices_plot
from ml_modeling.recall_slices import RecallSlice
from ml_modeling.recommender_plots import contributions_plot, gains_plot, recall_plot, recall_slices_plot
from ml_modeling.slices import SliceMetrics

_LABELS = np.arange(100) < 10
_PROBABILITIES = np.linspace(0.9, 0.0, 100)
SLICES = [
    SliceMetrics("visitor", "known", 90, 0.1, 0.1, Estimate(0.8, 0.7, 0.85)),
    SliceMetrics("visitor", "new", 60, 0.1, 0.1, Estimate(0.6, 0.5, 0.7)),
    SliceMetrics("country", "NL", 2, 0.1, 0.1, None),
]
RECALL_SLICES = [
    RecallSlice("visitor", "known", 90, Estimate(0.5, 0.4, 0.6), 0.3),
    RecallSlice("category", "home", 1, None, None),
    RecallSlice("category", "garden", 50, Estimate(0.2, 0.1, 0.4), 0.1),
]
PLOTS = [
    calibration_plot(calibration_bins(_LABELS, _PROBABILITIES)),
    gain_plot(_LABELS, _PROBABILITIES),
    slices_plot(SLICES, 0.75),
    shap_plot(
        ["price", "views"],
        np.array([[0.1, -0.02], [-0.3, 0.02], [0.2, 0.02]]),
        np.array([[2.0, 9.0], [1.0, 4.0], [np.nan, 6.5]]),
    ),
    recall_plot({"this model": [0.1, 0.3], "co-visitation": [0.1, 0.2]}),
    recall_slices_plot(RECALL_SLICES, 0.4),
    gains_plot(["near_sum", "past"], np.array([0.75, 0.25])),
    contributions_plot(["near_sum", "past"], np.array([0.3, 0.1])),
]


def _axes(plot: Plot) -> Axes:
    (axes,) = plot.figure.axes
    return axes


def _intervals(plot: Plot) -> list[tuple[float, float, float]]:
    container: Any
    (container,) = _axes(plot).containers
    points, _, (lines,) = container.lines
    ends = [segment[:, 0].tolist() for segment in lines.get_segments()]
    return [(low, value, high) for value, (low, high) in zip(points.get_xdata(), ends, strict=True)]


def _bars(plot: Plot) -> list[Rectangle]:
    return [patch for patch in _axes(plot).patches if isinstance(patch, Rectangle)]


def _names(plot: Plot) -> list[str]:
    return [label.get_text() for label in _axes(plot).get_yticklabels()]


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: f"{plot.name}-{len(plot.reading)}")
def test_a_picture_has_a_title_and_axes_and_needs_no_other_file(plot: Plot) -> None:
    svg = plot.svg
    assert plot.figure.get_suptitle() in svg
    assert _axes(plot).get_xlabel() in svg
    assert "http" not in svg.replace("http://www.w3.org/", "")
    assert "<image" not in svg
    assert "currentColor" in svg
    assert plot.png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", plot.png[16:24])
    assert width == 920
    assert height > 200


def test_titles_say_the_figure() -> None:
    bins = calibration_bins(np.array([True, False] * 50), np.full(100, 0.4))
    assert calibration_plot(bins).figure.get_suptitle() == "Calibration: off by 10.0 percentage points on average"
    assert PLOTS[1].figure.get_suptitle() == "Gain: the likeliest tenth has 100% of the orders"
    half = gain_plot(_LABELS, np.where(np.arange(100) % 2 == 0, 0.9, 0.1) * (np.arange(100) < 20))
    assert half.figure.get_suptitle() == "Gain: the likeliest tenth has 50% of the orders"
    assert PLOTS[4].figure.get_suptitle() == "Recall: lists of 2 hold 30% of what comes next"


def test_slices_are_drawn_as_they_are_in_the_table_but_for_those_not_measured() -> None:
    assert _names(PLOTS[2]) == ["visitor: known", "visitor: new"]
    assert _intervals(PLOTS[2]) == [pytest.approx((0.7, 0.8, 0.85)), pytest.approx((0.5, 0.6, 0.7))]
    assert _names(PLOTS[5]) == ["visitor: known", "category: garden"]
    assert _intervals(PLOTS[5]) == [pytest.approx((0.4, 0.5, 0.6)), pytest.approx((0.1, 0.2, 0.4))]
    baseline = next(line for line in _axes(PLOTS[5]).lines if line.get_label() == "co-visitation")
    assert np.array_equal(baseline.get_xdata(), [0.3, 0.1])


def test_shap_says_how_far_and_which_way() -> None:
    """The higher price had the higher value, the more views the lower one; a value that is missing says nothing."""
    bars = _bars(PLOTS[3])
    assert _names(PLOTS[3]) == ["price", "views"]
    assert [bar.get_width() for bar in bars] == pytest.approx([20, 2])
    assert [to_hex(bar.get_facecolor()) for bar in bars] == [BLUE, ORANGE]


def test_the_largest_gain_comes_first() -> None:
    falling = gains_plot(["a", "b"], np.array([0.25, 0.75]))
    assert _names(falling) == ["b", "a"]
    assert [bar.get_width() for bar in _bars(falling)] == [0.75, 0.25]
