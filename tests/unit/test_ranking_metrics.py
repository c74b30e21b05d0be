from __future__ import annotations

import pytest

from ml_modeling.ranking_metrics import mrr_at, recall_at

POSITIONS = [1, 2, None, 4]


def test_recall_counts_the_right_answers_among_the_first_k() -> None:
    assert recall_at(POSITIONS, 2) == pytest.approx(2 / 4)
    assert recall_at(POSITIONS, 4) == pytest.approx(3 / 4)


def test_mrr_is_the_mean_of_one_over_position() -> None:
    assert mrr_at(POSITIONS, 4) == pytest.approx((1 + 1 / 2 + 0 + 1 / 4) / 4)
    assert mrr_at(POSITIONS, 2) == pytest.approx((1 + 1 / 2) / 4)
