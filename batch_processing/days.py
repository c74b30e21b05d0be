"""Days: which ones silver holds, and which of them gold has not caught up with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from batch_processing.product_facts import EVENTS_OF_DAYS
from contracts.errors import NotReadyError
from data_lake.sql import Rows, run_sql

_DAY = timedelta(days=1)

EventsOfDay = Mapping[date, int]


def days_between(first: date, last: date) -> list[date]:
    """Return every day from ``first`` to ``last``, both included."""
    return [first + number * _DAY for number in range((last - first).days + 1)]


def end_of(day: date) -> datetime:
    """Return the instant at which a day (UTC) is over: the first one that no longer belongs to it."""
    return datetime.combine(day + _DAY, time.min, UTC)


def within(days: Iterable[date]) -> pc.Expression:
    """Return the condition for the events of the days (UTC, by ``occurred_at``): files without any are not read."""
    wanted = sorted(days)
    occurred_at = pc.field("occurred_at")
    span = (occurred_at >= end_of(wanted[0] - _DAY)) & (occurred_at < end_of(wanted[-1]))
    return span & occurred_at.cast(pa.date32()).isin(wanted)


def events_of_days(clickstream_events: Rows, pos_events: Rows) -> EventsOfDay:
    """Count the silver events that say something of a product, by day, in one scan of two columns."""
    return _by_day(run_sql(EVENTS_OF_DAYS, clickstream_events=clickstream_events, pos_events=pos_events))


def built_from(product_daily: Rows) -> EventsOfDay:
    """Return how many silver events each day of ``gold.product_daily`` was built from."""
    sql = "SELECT date, min(source_events) AS source_events FROM product_daily GROUP BY date"
    return _by_day(run_sql(sql, product_daily=product_daily))


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


def require_events(table: str, silver: EventsOfDay, days: Sequence[date], *, history_counts: bool) -> None:
    """Raise ``NotReadyError`` unless silver holds an event of the days or, if ``history_counts``, of before."""
    first, last = min(days), max(days)
    if any(day <= last and (history_counts or day in days) for day in silver):
        return
    shown = f"on {first}" if first == last else f"from {first} to {last}"
    held = f"it holds such events from {min(silver)} to {max(silver)}" if silver else "it holds none"
    msg = f"silver has no events of products for {table} {shown}: {held}"
    raise NotReadyError(msg)


def _by_day(counts: pa.Table) -> EventsOfDay:
    return dict(zip(counts["date"].to_pylist(), counts["source_events"].to_pylist(), strict=True))
