"""The best of many scores, against sorting all of them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ml_modeling.recommending.best_places import best_places

_SCORES = st.lists(st.integers(-5, 5).map(float), max_size=40)


@given(_SCORES, st.integers(1, 50))
def test_are_as_high_as_those_of_a_whole_sort_highest_first(scores: list[float], count: int) -> None:
    places = best_places(np.array(scores), count)
    assert len(set(places.tolist())) == len(places)
    assert [scores[place] for place in places] == sorted(scores, reverse=True)[:count]


@given(_SCORES)
def test_equal_scores_keep_their_order(scores: list[float]) -> None:
    places = best_places(np.array(scores), len(scores) + 1)
    assert places.tolist() == sorted(range(len(scores)), key=lambda place: -scores[place])
