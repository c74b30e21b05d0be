from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_modeling.co_visitation import ALPHA, BACKWARD, MAX_DISTANCE, Visits, co_visitation


def _visits(*baskets: list[int], products: int) -> Visits:
    sessions = np.repeat(np.arange(len(baskets)), [len(basket) for basket in baskets])
    return Visits(sessions, np.array([code for basket in baskets for code in basket], dtype=np.int64), products)


def test_scores_by_hand() -> None:
    # Session 0 sees 0 1 1 2 (the repeat is one step), session 1 sees 0 1. Product 0 and 1 are in 2 sessions.
    scores = co_visitation(_visits([0, 1, 1, 2], [0, 1], products=3)).toarray()
    two = 2**-ALPHA
    expected = [
        [0, (1 + 1) * two, 1 / 2],
        [(BACKWARD + BACKWARD) * two, 0, 1],
        [BACKWARD / 2 * two, BACKWARD * two, 0],
    ]
    assert scores == pytest.approx(np.array(expected))


def test_a_pair_counts_once_a_session_at_its_nearest() -> None:
    scores = co_visitation(_visits([0, 1, 0, 1, 0, 1], products=2)).toarray()
    assert scores == pytest.approx(np.array([[0, 1], [1, 0]]))


def test_products_too_far_apart_are_no_pair() -> None:
    basket = list(range(MAX_DISTANCE + 2))
    scores = co_visitation(_visits(basket, products=len(basket))).toarray()
    assert scores[0, MAX_DISTANCE] > 0
    assert scores[0, MAX_DISTANCE + 1] == 0


def test_no_pair_reaches_over_sessions() -> None:
    assert co_visitation(_visits([0], [1], products=2)).nnz == 0


@given(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=12), min_size=1, max_size=8))
def test_equals_the_slow_formula(baskets: list[list[int]]) -> None:
    assert co_visitation(_visits(*baskets, products=6)).toarray() == pytest.approx(_slow(baskets, 6))


def _slow(baskets: list[list[int]], n: int) -> np.ndarray:
    totals = np.zeros((n, n))
    for basket in baskets:
        steps = [code for place, code in enumerate(basket) if place == 0 or code != basket[place - 1]]
        best: dict[tuple[int, int], float] = {}
        for a, i in enumerate(steps):
            for b, j in enumerate(steps):
                if i != j and abs(b - a) <= MAX_DISTANCE:
                    weight = (1 if b > a else BACKWARD) / abs(b - a)
                    best[i, j] = max(best.get((i, j), 0.0), weight)
        for (i, j), weight in best.items():
            totals[i, j] += weight
    popularity = np.array([max(1, sum(j in basket for basket in baskets)) for j in range(n)])
    return totals * popularity**-ALPHA
