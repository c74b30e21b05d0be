from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from batch_processing.days import days_between, end_of, latest_days, require_events, stale_days
from contracts.errors import NotReadyError

MON, TUE, WED = date(2026, 11, 16), date(2026, 11, 17), date(2026, 11, 18)


def test_days_between_holds_both_ends() -> None:
    assert days_between(MON, WED) == [MON, TUE, WED]
    assert days_between(MON, MON) == [MON]


def test_a_day_ends_when_the_next_begins() -> None:
    assert end_of(MON) == datetime(2026, 11, 17, tzinfo=UTC)


def test_stale_is_what_differs_in_either_direction() -> None:
    assert stale_days({MON: 5, TUE: 3, WED: 1}, {MON: 5, TUE: 2}, MON) == [TUE, WED]
    assert stale_days({MON: 5}, {MON: 5, TUE: 2}, MON) == [TUE]


def test_what_expired_from_silver_makes_no_day_stale() -> None:
    assert stale_days({WED: 1}, {MON: 5, TUE: 2, WED: 2}, WED) == [WED]
    assert stale_days({MON: 4, WED: 1}, {MON: 5, WED: 1}, TUE) == []


def test_an_old_day_that_grew_or_is_new_is_stale() -> None:
    assert stale_days({MON: 6, TUE: 1}, {MON: 5}, WED) == [MON, TUE]


def test_the_latest_day_is_never_after_today() -> None:
    assert latest_days({MON: 1, TUE: 1, date(2099, 1, 1): 1}, WED) == [TUE]
    assert latest_days({}, WED) == []


def test_one_day_with_events_is_enough() -> None:
    require_events("t", {TUE: 1}, [MON, TUE], history_counts=False)
    require_events("t", {MON: 1}, [WED], history_counts=True)


@pytest.mark.parametrize("history_counts", [True, False])
def test_no_events_at_all_and_only_later_ones_are_refused(history_counts: bool) -> None:
    with pytest.raises(NotReadyError, match=r"for t on 2026-11-16: it holds such events from 2026-11-17 to 2026-11-18"):
        require_events("t", {TUE: 1, WED: 1}, [MON], history_counts=history_counts)
    with pytest.raises(NotReadyError, match=r"from 2026-11-16 to 2026-11-17: it holds none"):
        require_events("t", {}, [MON, TUE], history_counts=history_counts)


def test_history_does_not_count_for_a_daily_table() -> None:
    with pytest.raises(NotReadyError, match="on 2026-11-17"):
        require_events("t", {MON: 1}, [TUE], history_counts=False)
