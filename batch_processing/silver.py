"""Silver as batch reads it: one snapshot of each table, and of that only the files that a day needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from batch_processing.days import DAY, end_of, within
from contracts.errors import NotReadyError
from contracts.tables import (
    SILVER_CLICKSTREAM_EVENTS,
    SILVER_CUSTOMER_VISITORS,
    SILVER_INVENTORY_EVENTS,
    SILVER_POS_EVENTS,
    SILVER_PRICE_EVENTS,
    SILVER_PROMOTION_EVENTS,
    SILVER_REVIEW_EVENTS,
    SILVER_SESSIONS,
    SILVER_TRANSACTION_LINES,
    SILVER_WEATHER_EVENTS,
)
from data_lake.arrow_lake import ArrowLake
from data_lake.sql import Rows, run_sql

SILVER_TABLES = (
    SILVER_CLICKSTREAM_EVENTS,
    SILVER_POS_EVENTS,
    SILVER_SESSIONS,
    SILVER_INVENTORY_EVENTS,
    SILVER_PRICE_EVENTS,
    SILVER_PROMOTION_EVENTS,
    SILVER_WEATHER_EVENTS,
    SILVER_REVIEW_EVENTS,
)
_SPAN = """
    SELECT min(occurred_at)::DATE AS first, max(occurred_at)::DATE AS last
    FROM (SELECT occurred_at FROM clickstream_events UNION ALL SELECT occurred_at FROM pos_events)
"""

# The rows of silver.clickstream_events and of silver.pos_events.
Events = tuple[ds.Dataset, ds.Dataset]


class Activity(NamedTuple):
    """The rows of events, and of ``silver.sessions`` those that are a bot's: what ``product_facts`` is read from."""

    clickstream_events: Rows
    pos_events: Rows
    bot_sessions: Rows


class Feeds(NamedTuple):
    """The rows of other systems' events."""

    inventory_events: Rows
    price_events: Rows
    promotion_events: Rows
    weather_events: Rows


class Silver:
    """The tables as they are when this is made; what batch itself builds in silver, as it is when it is asked for."""

    def __init__(self, lake: ArrowLake) -> None:
        self._tables = {table.name.partition(".")[2]: lake.scan(table) for table in SILVER_TABLES}
        self.clickstream_events, self.pos_events = self._tables["clickstream_events"], self._tables["pos_events"]
        self.sessions = self._tables["sessions"]
        self._lake = lake
        self._counts: dict[str, pa.Table] = {}

    def of_days(self, days: Iterable[date]) -> Events:
        """Return the events of whole days."""
        return self._events(within(days))

    def up_to(self, day: date) -> Events:
        """Return the events up to the end of a day."""
        return self._events(_before(end_of(day)))

    def activity_of(self, days: Iterable[date]) -> Activity:
        """Return the events of whole days, and all sessions of bots."""
        return Activity(*self.of_days(days), self._bot_sessions)

    def activity_up_to(self, day: date) -> Activity:
        """Return the events up to the end of a day, and all sessions of bots."""
        return Activity(*self.up_to(day), self._bot_sessions)

    def ending_with(self, days: Sequence[date], window: timedelta) -> Events:
        """Return the events of the ``window`` up to the end of each day."""
        return self._events(_before(end_of(max(days))) & (pc.field("occurred_at") >= end_of(min(days)) - window))

    def feeds_of(self, days: Sequence[date]) -> Feeds:
        """Return what may hold in the days: plans, weather from a day before, all other events up to their end."""
        begin, end = end_of(min(days) - DAY), end_of(max(days))
        return Feeds(
            self._tables["inventory_events"].filter(_before(end)),
            self._tables["price_events"].filter(pc.field("effective_at") < end),
            self._tables["promotion_events"],
            self._tables["weather_events"].filter(_before(end) & (pc.field("occurred_at") >= begin - DAY)),
        )

    def customer_visitors(self, day: date) -> Rows:
        """Return ``silver.customer_visitors`` up to the end of a day."""
        return self._lake.scan(SILVER_CUSTOMER_VISITORS).filter(pc.field("date") <= day)

    def transaction_lines(self, day: date) -> Rows:
        """Return ``silver.transaction_lines`` up to the end of a day."""
        return self._lake.scan(SILVER_TRANSACTION_LINES).filter(pc.field("date") <= day)

    def review_events(self, day: date) -> Rows:
        """Return the reviews up to the end of a day."""
        return self._tables["review_events"].filter(_before(end_of(day)))

    def counted(self, sql: str) -> pa.Table:
        """Return ``date`` and ``source_events`` by a query over all of silver, which runs once."""
        if sql not in self._counts:
            derived = {
                "bot_sessions": self._bot_sessions,
                "customer_visitors": self._lake.scan(SILVER_CUSTOMER_VISITORS),
            }
            self._counts[sql] = run_sql(sql, **self._tables, **derived)
        return self._counts[sql]

    @cached_property
    def _bot_sessions(self) -> pa.Table:
        return self.sessions.to_table(columns=["visitor_id", "started_at", "ended_at"], filter=pc.field("is_bot"))

    def require_events(self, table: str, days: Sequence[date], *, history_counts: bool) -> None:
        """Raise ``NotReadyError`` unless there is an event of the days or, if ``history_counts``, of before."""
        first, last = min(days), max(days)
        where = _before(end_of(last)) if history_counts else within(days)
        if any(events.head(1, columns=["event_id"]).num_rows for events in self._events(where)):
            return
        shown = f"on {first}" if first == last else f"from {first} to {last}"
        msg = f"silver has no events for {table} {shown}: {self._held()}"
        raise NotReadyError(msg)

    def _held(self) -> str:
        spans = run_sql(_SPAN, clickstream_events=self.clickstream_events, pos_events=self.pos_events)
        [span] = spans.to_pylist()
        return f"it holds events from {span['first']} to {span['last']}" if span["first"] else "it holds none"

    def _events(self, where: pc.Expression) -> Events:
        return self.clickstream_events.filter(where), self.pos_events.filter(where)


def _before(instant: datetime) -> pc.Expression:
    return pc.field("occurred_at") < instant
