from __future__ import annotations

import numpy as np

from ml_modeling.recommending.past import MOST
from ml_modeling.recommending.sessions import Sessions

SESSIONS = Sessions.of([[1, 2], [3], [4, 4], [5], [6]], 9, np.array([7, 8, 7, 7, 8]))


def test_the_past_is_what_the_same_visitor_saw_in_earlier_sessions() -> None:
    before = [SESSIONS.seen_before(session).tolist() for session in range(5)]
    assert before == [[], [], [1, 2], [1, 2, 4], [3]]


def test_a_part_of_the_sessions_keeps_its_past() -> None:
    part = SESSIONS.between(2, 5).between(1, 3)
    assert [part.seen_before(session).tolist() for session in range(2)] == [[1, 2, 4], [3]]
    assert part.past is not None
    assert part.past.visitors.tolist() == [7, 8]


def test_only_the_newest_are_kept() -> None:
    long = Sessions.of([list(range(MOST)), [MOST], [0]], MOST + 1, np.zeros(3, np.int64))
    assert long.seen_before(2).tolist() == list(range(1, MOST + 1))


def test_what_is_seen_again_counts_once_as_of_the_last_time() -> None:
    again = Sessions.of([[1, 2, 3], [1], [0]], 4, np.zeros(3, np.int64))
    assert again.seen_before(2).tolist() == [2, 3, 1]


def test_where_nobody_knows_who_came_there_is_none() -> None:
    assert Sessions.of([[1], [2]], 3).between(0, 2).seen_before(1).tolist() == []
