from __future__ import annotations

from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_modeling.ranking_metrics import (
    average_precision,
    found_share,
    mrr_at,
    ndcg,
    precision,
    recall_at,
    reciprocal_rank,
)

POSITIONS = [1, 2, None, 4]


def test_recall_counts_the_right_answers_among_the_first_k() -> None:
    assert recall_at(POSITIONS, 2) == pytest.approx(2 / 4)
    assert recall_at(POSITIONS, 4) == pytest.approx(3 / 4)


def test_mrr_is_the_mean_of_one_over_position() -> None:
    assert mrr_at(POSITIONS, 4) == pytest.approx((1 + 1 / 2 + 0 + 1 / 4) / 4)
    assert mrr_at(POSITIONS, 2) == pytest.approx((1 + 1 / 2) / 4)


RANKED, RIGHT = ["a", "b", "c", "d"], {"b", "d", "z"}


def test_one_list_with_several_right_answers_by_hand() -> None:
    # Right at places 2 and 4 of 4; of three right products one is not in the list.
    assert found_share(RANKED, RIGHT, 4) == pytest.approx(2 / 3)
    assert precision(RANKED, RIGHT, 4) == pytest.approx(2 / 4)
    assert reciprocal_rank(RANKED, RIGHT, 4) == pytest.approx(1 / 2)
    assert average_precision(RANKED, RIGHT, 4) == pytest.approx((1 / 2 + 2 / 4) / 3)
    gained, perfect = 1 / log2(3) + 1 / log2(5), 1 / log2(2) + 1 / log2(3) + 1 / log2(4)
    assert ndcg(RANKED, RIGHT, 4) == pytest.approx(gained / perfect)


def test_only_the_first_k_count_and_k_bounds_what_can_be_had() -> None:
    assert found_share(RANKED, RIGHT, 2) == pytest.approx(1 / 3)
    assert precision(RANKED, RIGHT, 8) == pytest.approx(2 / 8)
    assert average_precision(RANKED, RIGHT, 2) == pytest.approx((1 / 2) / 2)
    assert ndcg(RANKED, RIGHT, 1) == 0.0
    assert reciprocal_rank(RANKED, {"z"}, 4) == 0.0


@given(st.permutations(RANKED), st.sets(st.sampled_from("abcdxyz"), min_size=1), st.integers(1, 6))
def test_every_metric_is_a_share_and_one_for_a_perfect_list(ranked: list[str], right: set[str], k: int) -> None:
    for metric in (found_share, precision, reciprocal_rank, average_precision, ndcg):
        assert 0 <= metric(ranked, right, k) <= 1 + 1e-12
    for metric in (reciprocal_rank, average_precision, ndcg):
        assert metric(sorted(right), right, k) == pytest.approx(1)
