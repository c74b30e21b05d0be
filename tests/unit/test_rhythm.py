from __future__ import annotations

from datetime import UTC, datetime
from itertools import takewhile
from random import Random

import pytest

from data_sources.rhythm import Rhythm, arrivals, flat, store_rhythm, web_rhythm
from data_sources.times import HOUR_MS

WEEK = range(168)


def hour_of(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 3600


@pytest.mark.parametrize("rhythm", [flat, web_rhythm, store_rhythm])
def test_a_rhythm_has_mean_1_over_a_week(rhythm: Rhythm) -> None:
    assert sum(rhythm(hour) for hour in WEEK) / 168 == pytest.approx(1)


def test_stores_are_closed_at_night_and_on_sundays() -> None:
    assert store_rhythm(hour_of("2026-11-22T12:00")) == 0  # a Sunday
    assert store_rhythm(hour_of("2026-11-23T03:00")) == 0
    assert store_rhythm(hour_of("2026-11-21T17:00")) > store_rhythm(hour_of("2026-11-24T17:00")) > 0


def test_arrivals_come_in_order_at_their_rate_and_only_when_open() -> None:
    weeks = 4
    times = list(takewhile(lambda at: at < weeks * 168 * HOUR_MS, arrivals(Random(1), 20.0, store_rhythm, 0)))
    assert times == sorted(times)
    assert len(times) == pytest.approx(weeks * 168 * 20, rel=0.03)
    assert all(store_rhythm(at // HOUR_MS) > 0 for at in times)
