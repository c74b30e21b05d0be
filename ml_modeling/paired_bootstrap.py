"""Intervals of the difference between two models that scored the same rows, in AUC or in the mean of a figure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_modeling.training_set import LabelledRows

_RESAMPLES = 500
_SEED = 7
_TAIL_PERCENT = 2.5


@dataclass(frozen=True)
class Difference:
    """How much one model's figure is above another's: on all rows, and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


def paired_auc_difference(rows: LabelledRows, scores: NDArray[np.float64], others: NDArray[np.float64]) -> Difference:
    """Return how much the AUC of ``scores`` is above that of ``others``, both of the same ``rows`` of both classes.

    Whole sessions are drawn with replacement, for the rows of one session are no independent observations: the
    percentile bootstrap of Efron and Tibshirani (1993), chapter 13. A draw without both classes is left out.
    """
    generator = np.random.default_rng(_SEED)
    ours, theirs = _RankedRows(rows.labels, scores), _RankedRows(rows.labels, others)
    codes = np.unique(rows.sessions, return_inverse=True)[1]
    count = int(codes.max()) + 1
    differences = []
    for _ in range(_RESAMPLES):
        weights = np.bincount(generator.integers(count, size=count), minlength=count)[codes].astype(np.float64)
        if weights[rows.labels].any() and weights[~rows.labels].any():
            differences.append(ours.auc(weights) - theirs.auc(weights))
    low, high = np.percentile(differences, [_TAIL_PERCENT, 100 - _TAIL_PERCENT])
    ones = np.ones(len(rows))
    return Difference(ours.auc(ones) - theirs.auc(ones), float(low), float(high))


def paired_mean_difference(
    sessions: NDArray[np.int64], figures: NDArray[np.float64], others: NDArray[np.float64]
) -> Difference:
    """Return how much the mean of ``figures`` is above that of ``others``, one each for the same cases (n, at least 1).

    ``sessions`` (n) are codes: whole sessions are drawn, as above.
    """
    generator = np.random.default_rng(_SEED)
    codes = np.unique(sessions, return_inverse=True)[1]
    sums, cases = np.bincount(codes, figures - others), np.bincount(codes)
    draws = (generator.integers(len(cases), size=len(cases)) for _ in range(_RESAMPLES))
    differences = [sums[drawn].sum() / cases[drawn].sum() for drawn in draws]
    low, high = np.percentile(differences, [_TAIL_PERCENT, 100 - _TAIL_PERCENT])
    return Difference(float(sums.sum() / cases.sum()), float(low), float(high))


class _RankedRows:
    """Rows whose scores are sorted once, for many AUCs under different weights."""

    def __init__(self, labels: NDArray[np.bool_], scores: NDArray[np.float64]) -> None:
        self._labels = labels
        self._places = np.unique(scores, return_inverse=True)[1]

    def auc(self, weights: NDArray[np.float64]) -> float:
        """Return the weighted share of pairs in which the positive is above the negative; a tie counts half."""
        positive = np.bincount(self._places, weights * self._labels)
        negative = np.bincount(self._places, weights * ~self._labels)
        won = positive * (np.cumsum(negative) - negative / 2)
        return float(won.sum() / (positive.sum() * negative.sum()))
