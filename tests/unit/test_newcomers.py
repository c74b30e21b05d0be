from __future__ import annotations

import numpy as np

from ml_modeling.recommending.newcomers import SHOWN_ENOUGH, STEP, newcomer_for, newcomers, with_newcomer

# Two kinds of products: 0, 1 and 2 are alike, 3 and 4 are.
VECTORS = np.array([[1, 0], [1, 0], [0.9, np.sqrt(0.19)], [0, 1], [0, 1]], np.float32)
NOT_SHOWN = np.zeros(5, np.int64)


def test_new_is_what_nobody_looked_at_and_few_were_shown() -> None:
    shown = np.array([0, SHOWN_ENOUGH, SHOWN_ENOUGH - 1, 0])
    assert newcomers(np.array([3.0, 0, 0, 0]), shown).tolist() == [2, 3]


def test_the_one_most_like_the_latest_product_is_shown() -> None:
    assert newcomer_for(0, np.array([2, 4]), VECTORS, NOT_SHOWN) == 2
    assert newcomer_for(3, np.array([2, 4]), VECTORS, NOT_SHOWN) == 4


def test_each_showing_counts_against_it_so_that_all_get_their_turn() -> None:
    shown = NOT_SHOWN.copy()
    first = []
    for _ in range(round(1 / STEP) + 2):
        newcomer = newcomer_for(0, np.array([1, 4]), VECTORS, shown)
        shown[newcomer] += 1
        first.append(newcomer)
    assert first[: round(1 / STEP)] == [1] * round(1 / STEP)
    assert 4 in first


def test_it_takes_the_last_place_once() -> None:
    assert with_newcomer([5, 6, 7, 8], 9, 3) == [5, 6, 9]
    assert with_newcomer([5, 9, 7, 8], 9, 3) == [5, 9, 7]
    assert with_newcomer([], 9, 3) == [9]
