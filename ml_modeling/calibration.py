"""Makes a model's scores probabilities, and measures how far they are from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_EDGE = 1e-6


@dataclass(frozen=True)
class PlattScaling:
    """p → σ(slope · logit(p) + intercept); it keeps the order of the rows where the slope is positive.

    Platt, "Probabilistic outputs for support vector machines" (1999).
    """

    slope: float = 1.0
    intercept: float = 0.0

    def apply(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the calibrated probability of each."""
        return np.asarray(1.0 / (1.0 + np.exp(-(self.slope * logits(probabilities) + self.intercept))))


UNCALIBRATED = PlattScaling()


def fit_platt(probabilities: NDArray[np.float64], labels: NDArray[np.bool_]) -> PlattScaling:
    """Fit on rows that the model did not learn from; where that would turn the order round, leave them as they are."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - the model server only applies

    fitted = LogisticRegression(C=1e6).fit(logits(probabilities).reshape(-1, 1), labels)
    slope, intercept = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    return PlattScaling(slope, intercept) if slope > 0 else UNCALIBRATED


def logits(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ln(p / (1 − p)), with p kept a millionth from 0 and 1."""
    clipped = np.clip(probabilities, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(clipped / (1 - clipped)))


@dataclass(frozen=True)
class CalibrationBins:
    """Rows in bins of equal count by their probability: the mean of it, the share of positives, and the count."""

    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]
    counts: NDArray[np.int64]

    @property
    def expected_error(self) -> float:
        """Return the expected calibration error: Σ count/n · |observed − predicted| (Naeini et al. 2015)."""
        return float(np.average(np.abs(self.observed - self.predicted), weights=self.counts))


def calibration_bins(labels: NDArray[np.bool_], probabilities: NDArray[np.float64], count: int = 10) -> CalibrationBins:
    """Cut the rows, in order of their probability, into ``count`` bins whose sizes differ by one at most."""
    bins = [rows for rows in np.array_split(np.argsort(probabilities, kind="stable"), count) if len(rows)]
    return CalibrationBins(
        np.array([probabilities[rows].mean() for rows in bins]),
        np.array([labels[rows].mean() for rows in bins]),
        np.array([len(rows) for rows in bins]),
    )
