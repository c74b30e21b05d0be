"""Days: which ones silver holds, and which of them gold has not caught up with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

import pyarrow as pa

from data_lake.spans import Span
from data_lake.sql import Rows, run_sql

DAY = timedelta(days=1)

EventsOfDay = Mapping[date, int]


def days_between(first: date, last: date) -> list[date]:
    """Return every day from ``first`` to ``last``, both included."""
    return [first + number * DAY for number in range((last - first).days + 1)]


def end_of(day: date) -> datetime:
    """Return the instant at which a day (UTC) is over: the first one that no longer belongs to it."""
    return datetime.combine(day + DAY, time.min, UTC)


def spans_of(days: Iterable[date]) -> list[Span]:
    """Return the days (UTC) as spans of time, one for those that follow on one another."""
    return [(end_of(first - DAY), last_moment(last)) for first, last in _stretches(days)]


def last_moment(day: date) -> datetime:
    """Return the last instant that belongs to a day: times have microseconds."""
    return end_of(day) - timedelta(microseconds=1)


def up_to(day: date) -> Span:
    """Return the span of all time up to the end of a day."""
    return datetime.min.replace(tzinfo=UTC), last_moment(day)


def _stretches(days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """Yield the first and the last of days that follow on one another."""
    numbered = enumerate(sorted(days))
    for _, stretch in groupby(numbered, lambda each: each[1] - each[0] * DAY):
        of = [day for _, day in stretch]
        yield of[0], of[-1]


def by_day(counts: pa.Table) -> EventsOfDay:
    """Return the columns ``date`` and ``source_events`` as one mapping."""
    return dict(zip(counts["date"].to_pylist(), counts["source_events"].to_pylist(), strict=True))


def built_from(gold: Rows) -> EventsOfDay:
    """Return how many silver events each day of a gold table was built from."""
    return by_day(run_sql("SELECT date, min(source_events) AS source_events FROM gold GROUP BY date", gold=gold))


def stale_days(silver: EventsOfDay, gold: EventsOfDay, kept_from: date) -> list[date]:
    """Return the days whose counts differ, in order.

    Of a day before ``kept_from`` silver may have expired: it is stale only where silver holds more than gold counted.
    """
    return sorted(
        day for day in silver.keys() | gold.keys() if _differs(silver.get(day, 0), gold.get(day, 0), day < kept_from)
    )


def _differs(in_silver: int, in_gold: int, may_have_expired: bool) -> bool:
    return in_silver > in_gold if may_have_expired else in_silver != in_gold


def latest_days(silver: EventsOfDay, today: date) -> list[date]:
    """Return silver's latest day in a list, or none; a day after today is a wrong clock and does not count."""
    return sorted(day for day in silver if day <= today)[-1:]
