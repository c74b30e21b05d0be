"""Days: which ones silver holds, and which of them gold has not caught up with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from pyspark.sql import DataFrame

from batch_processing.product_daily import source_events
from contracts.errors import NotReadyError

_DAY = timedelta(days=1)

EventsOfDay = Mapping[date, int]


def days_between(first: date, last: date) -> list[date]:
    """Return every day from ``first`` to ``last``, both included."""
    return [first + number * _DAY for number in range((last - first).days + 1)]


def end_of(day: date) -> datetime:
    """Return the instant at which a day (UTC) is over: the first one that no longer belongs to it."""
    return datetime.combine(day + _DAY, time.min, UTC)


def within(days: Iterable[date], events: DataFrame) -> DataFrame:
    """Return the events of the days (UTC, by ``occurred_at``)."""
    wanted = sorted(days)
    span = (events.occurred_at >= end_of(wanted[0] - _DAY)) & (events.occurred_at < end_of(wanted[-1]))
    return events.where(span).where(events.occurred_at.cast("date").isin(wanted))


def events_of_days(clickstream_events: DataFrame, pos_events: DataFrame) -> EventsOfDay:
    """Count silver's events by day, in one scan of one column."""
    rows = source_events(clickstream_events, pos_events).collect()
    return {row.date: row.source_events for row in rows}


def built_from(product_daily: DataFrame) -> EventsOfDay:
    """Return how many silver events each day of ``gold.product_daily`` was built from."""
    rows = product_daily.groupBy("date").agg({"source_events": "min"}).collect()
    return {row[0]: row[1] for row in rows}


def stale_days(silver: EventsOfDay, gold: EventsOfDay) -> list[date]:
    """Return the days whose counts differ, in order. A day on which nothing happened to a product stays stale."""
    return sorted(day for day in silver.keys() | gold.keys() if silver.get(day, 0) != gold.get(day, 0))


def latest_days(silver: EventsOfDay, today: date) -> list[date]:
    """Return silver's latest day in a list, or none; a day after today is a wrong clock and does not count."""
    return sorted(day for day in silver if day <= today)[-1:]


def require_events(table: str, silver: EventsOfDay, days: Sequence[date], *, history_counts: bool) -> None:
    """Raise ``NotReadyError`` unless silver holds an event of the days or, if ``history_counts``, of before."""
    first, last = min(days), max(days)
    if any(day <= last and (history_counts or day in days) for day in silver):
        return
    shown = f"on {first}" if first == last else f"from {first} to {last}"
    held = f"it holds events from {min(silver)} to {max(silver)}" if silver else "it is empty"
    msg = f"silver has no events for {table} {shown}: {held}"
    raise NotReadyError(msg)
