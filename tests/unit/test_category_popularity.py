from __future__ import annotations

import numpy as np
import pytest

from ml_modeling.recommending.category_popularity import category_popularity, popular_of_category
from ml_modeling.recommending.neighbour_lists import recency
from ml_modeling.recommending.sessions import Sessions

SHOES, PANS = 0, 1
CATEGORIES = np.array([SHOES, SHOES, SHOES, PANS, PANS, -1], np.int32)


def test_shares_of_the_category_with_older_sessions_counting_less() -> None:
    older, newest = recency(2)
    popularity = category_popularity(Sessions.of([[0, 1, 3], [1, 1, 5]], 6), CATEGORIES)
    shoes = older * 2 + newest * 2
    assert popularity == pytest.approx([older / shoes, (older + 2 * newest) / shoes, 0, 1, 0, 1])


def test_the_lists_hold_the_best_others_of_the_category_that_anybody_saw() -> None:
    lists = popular_of_category(np.array([0.2, 0.8, 0.0, 0.5, 0.5, 1.0], np.float32), CATEGORIES)
    assert lists.neighbours[:, :2].tolist() == [[1, -1], [0, -1], [1, 0], [4, -1], [3, -1], [-1, -1]]
    assert lists.scores[2, :3] == pytest.approx([0.8, 0.2, 0])
