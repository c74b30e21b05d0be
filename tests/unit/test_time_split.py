from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ml_modeling.time_split import later_part


def _at(*hours: int) -> np.ndarray:
    return np.datetime64("2026-01-01", "us") + np.array(hours, dtype="timedelta64[h]")


def test_the_latest_fifth_is_later() -> None:
    assert later_part(_at(5, 1, 2, 3, 4), 0.2).tolist() == [True, False, False, False, False]


def test_sessions_that_start_together_stay_together() -> None:
    assert later_part(_at(1, 2, 3, 3, 3), 0.2).tolist() == [False, False, True, True, True]


def test_without_an_earlier_session_nothing_is_later() -> None:
    assert not later_part(_at(3, 3, 3), 0.2).any()
    assert later_part(_at(), 0.2).tolist() == []


@given(st.lists(st.integers(0, 50), min_size=1), st.floats(0.05, 0.95))
def test_every_later_session_starts_after_every_earlier_one(hours: list[int], share: float) -> None:
    starts = _at(*hours)
    later = later_part(starts, share)
    assert not later.all()
    if later.any():
        assert starts[later].min() > starts[~later].max()
