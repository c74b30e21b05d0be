"""Figures of one model with their 95 % intervals: those of ``paired_bootstrap``, over one whose figure is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_modeling.paired_bootstrap import paired_auc_difference, paired_mean_difference
from ml_modeling.training_set import LabelledRows

_CHANCE = 0.5


@dataclass(frozen=True)
class Estimate:
    """A figure, and the 95 % interval in which it may lie."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def auc_estimate(rows: LabelledRows, scores: NDArray[np.float64]) -> Estimate:
    """Return the AUC of ``scores``, one for each of ``rows`` of both classes: that of equal scores is 0.5."""
    over = paired_auc_difference(rows, scores, np.zeros(len(rows)))
    return Estimate(_CHANCE + over.value, _CHANCE + over.low, _CHANCE + over.high)


def mean_estimate(sessions: NDArray[np.int64], figures: NDArray[np.float64]) -> Estimate:
    """Return the mean of ``figures``, one a case (n, at least 1), whose sessions have the codes ``sessions`` (n)."""
    over = paired_mean_difference(sessions, figures, np.zeros(len(figures)))
    return Estimate(over.value, over.low, over.high)
