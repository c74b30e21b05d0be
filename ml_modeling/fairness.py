"""Whether a model treats groups of sessions alike: demographic parity and equalised odds, by Fairlearn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
from numpy.typing import NDArray

from ml_modeling.slices import has_enough_of_both
from ml_modeling.training_set import LabelledRows

# Kinds of groups by which no visitor should be treated worse. Known and new visitors are not among them: whether
# somebody is known is what the model is meant to go by.
PROTECTED = ("country", "device")
MAX_ODDS_DIFFERENCE = 0.2


@dataclass(frozen=True)
class GroupRates:
    """One group: the share of rows called positive, of the positives that are, and of the negatives that are."""

    group: str
    rows: int
    selection_rate: float
    true_positive_rate: float
    false_positive_rate: float


@dataclass(frozen=True)
class Fairness:
    """Groups of one kind, and the largest difference between any two of them.

    ``odds_difference`` is the larger of those of the true and of the false positive rate (Hardt et al. 2016),
    ``parity_difference`` that of the selection rate: groups that buy differently often differ in it rightly.
    """

    kind: str
    groups: Sequence[GroupRates]
    parity_difference: float
    odds_difference: float

    @property
    def is_within_limit(self) -> bool:
        """Say whether equalised odds hold up to ``MAX_ODDS_DIFFERENCE``."""
        return self.odds_difference <= MAX_ODDS_DIFFERENCE

    def __str__(self) -> str:
        return f"equalised odds differ by {self.odds_difference:.3f} over {self.kind}, at most {MAX_ODDS_DIFFERENCE}"


def fairness_reports(rows: LabelledRows, probabilities: NDArray[np.float64], threshold: float) -> list[Fairness]:
    """Report on each of ``PROTECTED`` that the rows carry and that has two groups with enough sessions of both labels.

    A row is called positive from ``threshold`` on.
    """
    called = probabilities >= threshold
    reports = [_report(kind, rows, called) for kind in PROTECTED if kind in rows.attributes]
    return [report for report in reports if len(report.groups) > 1]


def _report(kind: str, rows: LabelledRows, called: NDArray[np.bool_]) -> Fairness:
    values = rows.attributes[kind]
    judged = [value for value in np.unique(values) if has_enough_of_both(rows.where(values == value))]
    mask = np.isin(values, judged)
    if not mask.any():
        return Fairness(kind, [], 0.0, 0.0)
    rates = {
        "selection_rate": selection_rate,
        "true_positive_rate": true_positive_rate,
        "false_positive_rate": false_positive_rate,
    }
    frame = MetricFrame(metrics=rates, y_true=rows.labels[mask], y_pred=called[mask], sensitive_features=values[mask])
    widest = frame.difference()
    groups = [
        GroupRates(
            str(value), int((values == value).sum()), *(float(frame.by_group.loc[value, name]) for name in rates)
        )
        for value in judged
    ]
    odds = max(widest["true_positive_rate"], widest["false_positive_rate"])
    return Fairness(kind, groups, float(widest["selection_rate"]), float(odds))
