from __future__ import annotations

import numpy as np
import pytest

from ml_modeling.calibration import UNCALIBRATED, PlattScaling, calibration_bins, fit_platt, logits


def test_the_error_of_two_bins_by_hand() -> None:
    probabilities = np.array([0.9, 0.1, 0.3, 0.7])
    labels = np.array([True, False, True, True])
    bins = calibration_bins(labels, probabilities, count=2)
    assert bins.predicted.tolist() == pytest.approx([0.2, 0.8])
    assert bins.observed.tolist() == [0.5, 1.0]
    assert bins.expected_error == pytest.approx((0.3 + 0.2) / 2)


def test_bins_of_few_rows_are_as_many_as_the_rows() -> None:
    bins = calibration_bins(np.array([True, False, True]), np.array([0.2, 0.5, 0.9]))
    assert bins.counts.tolist() == [1, 1, 1]


def test_too_sure_scores_are_drawn_back() -> None:
    generator = np.random.default_rng(4)
    true = generator.uniform(0.05, 0.95, 20_000)
    labels = generator.random(20_000) < true
    too_sure = PlattScaling(2.0, 0.5).apply(true)
    fitted = fit_platt(too_sure, labels)
    assert fitted.slope == pytest.approx(0.5, abs=0.03)
    assert fitted.intercept == pytest.approx(-0.25, abs=0.05)
    assert calibration_bins(labels, fitted.apply(too_sure)).expected_error < 0.012
    assert calibration_bins(labels, too_sure).expected_error > 0.05


def test_the_order_of_rows_is_never_turned_round() -> None:
    scores, labels = np.array([0.9, 0.8, 0.2, 0.1]), np.array([False, False, True, True])
    assert fit_platt(scores, labels) == UNCALIBRATED
    assert UNCALIBRATED.apply(scores).tolist() == pytest.approx(scores.tolist())


def test_logits_of_certainty_are_finite() -> None:
    assert np.isfinite(logits(np.array([0.0, 1.0]))).all()
