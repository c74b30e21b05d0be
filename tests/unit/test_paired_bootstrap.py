from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ml_modeling.paired_bootstrap import Difference, paired_auc_difference, paired_mean_difference
from tests.fixtures.labelled_rows import labelled_rows

_GENERATOR = np.random.default_rng(8)
_LABELS = _GENERATOR.random(400) < 0.3
_GOOD = _LABELS + _GENERATOR.normal(0, 0.8, 400)
# Few values, so that most pairs are ties.
_WEAK = np.round(_LABELS + _GENERATOR.normal(0, 3, 400))


def test_the_value_is_the_difference_of_the_aucs_with_ties_as_half() -> None:
    expected = roc_auc_score(_LABELS, _GOOD) - roc_auc_score(_LABELS, _WEAK)
    assert paired_auc_difference(labelled_rows(_LABELS), _GOOD, _WEAK).value == pytest.approx(expected)


def test_a_clearly_better_model_has_an_interval_above_0_and_the_other_way_round() -> None:
    better, worse = (paired_auc_difference(labelled_rows(_LABELS), *pair) for pair in ((_GOOD, _WEAK), (_WEAK, _GOOD)))
    assert 0 < better.low < better.value < better.high
    assert worse.low == pytest.approx(-better.high)
    assert worse.high == pytest.approx(-better.low)


def test_a_model_against_itself_differs_by_nothing() -> None:
    assert paired_auc_difference(labelled_rows(_LABELS), _GOOD, _GOOD) == Difference(0.0, 0.0, 0.0)


def test_rows_of_one_session_count_as_one_observation() -> None:
    alone = paired_auc_difference(labelled_rows(_LABELS), _GOOD, _WEAK)
    fourfold = labelled_rows(np.repeat(_LABELS, 4), sessions=np.repeat(np.arange(400), 4).tolist())
    together = paired_auc_difference(fourfold, np.repeat(_GOOD, 4), np.repeat(_WEAK, 4))
    assert together.high - together.low == pytest.approx(alone.high - alone.low, rel=0.05)


def test_it_is_the_same_each_time() -> None:
    rows = labelled_rows(_LABELS)
    assert paired_auc_difference(rows, _GOOD, _WEAK) == paired_auc_difference(rows, _GOOD, _WEAK)


def test_the_mean_difference_by_hand_and_its_interval_by_the_normal_approximation() -> None:
    figures, others = (_GENERATOR.random((2, 2000)) < [[0.6], [0.5]]).astype(float)
    found = paired_mean_difference(np.arange(2000), figures, others)
    assert found.value == pytest.approx((figures - others).mean())
    half_width = 1.96 * (figures - others).std() / np.sqrt(2000)
    assert (found.high - found.low) / 2 == pytest.approx(half_width, rel=0.1)
    assert paired_mean_difference(np.arange(2000), others, figures).value == -found.value


def test_cases_of_one_session_count_as_one_observation() -> None:
    figures, others = (_GENERATOR.random((2, 300)) < 0.5).astype(float)
    alone = paired_mean_difference(np.arange(300), figures, others)
    together = paired_mean_difference(np.repeat(np.arange(300), 4), np.repeat(figures, 4), np.repeat(others, 4))
    assert together == alone
