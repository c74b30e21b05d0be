from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ml_modeling.estimates import Estimate, auc_estimate, mean_estimate
from tests.fixtures.labelled_rows import labelled_rows

_GENERATOR = np.random.default_rng(3)
_LABELS = _GENERATOR.random(400) < 0.4
_SCORES = _LABELS + _GENERATOR.normal(0, 1, 400)


def test_the_auc_is_scikit_learns_and_lies_in_its_interval() -> None:
    found = auc_estimate(labelled_rows(_LABELS), _SCORES)
    assert found.value == pytest.approx(roc_auc_score(_LABELS, _SCORES))
    assert found.low < found.value < found.high
    # Twice the standard error of Hanley and McNeil (1982), about 0.29 / √positives.
    assert found.high - found.low == pytest.approx(4 * 0.29 / np.sqrt(_LABELS.sum()), rel=0.35)


def test_rows_of_the_same_session_are_no_new_evidence() -> None:
    alone = auc_estimate(labelled_rows(_LABELS), _SCORES)
    rows = labelled_rows(np.tile(_LABELS, 4), sessions=np.tile(np.arange(400), 4).tolist())
    repeated = auc_estimate(rows, np.tile(_SCORES, 4))
    assert (repeated.value, repeated.low, repeated.high) == pytest.approx((alone.value, alone.low, alone.high))


def test_a_mean_by_hand() -> None:
    found = mean_estimate(np.arange(100), np.repeat([0.0, 1.0], 50))
    assert found.value == 0.5
    assert (found.low, found.high) == pytest.approx((0.4, 0.6), abs=0.03)
    assert mean_estimate(np.array([1, 1, 2]), np.ones(3)) == Estimate(1.0, 1.0, 1.0)


def test_it_reads_as_a_figure_with_its_interval() -> None:
    assert str(Estimate(0.8126, 0.7, 0.9)) == "0.813 [0.700, 0.900]"
