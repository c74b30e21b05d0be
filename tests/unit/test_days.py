from __future__ import annotations

from datetime import UTC, date, datetime

from batch_processing.days import days_between, end_of, latest_days, stale_days

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
