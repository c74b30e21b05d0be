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
    GOLD_CUSTOMER_RFM,
    SILVER_CLICKSTREAM_EVENTS,
    SILVER_CUSTOMER_VISITORS,
    SILVER_INVENTORY_EVENTS,
    SILVER_POS_EVENTS,
    SILVER_PRICE_EVENTS,
    SILVER_PRODUCT_CATEGORIES,
    SILVER_PROMOTION_EVENTS,
    SILVER_REVIEW_EVENTS,
    SILVER_SESSIONS,
    SILVER_TRANSACTION_LINES,
    SILVER_WEATHER_EVENTS,
)
from data_lake.arrow_lake import ArrowLake
from data_lake.changed_files import Snapshot
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
# How far back a table as of a day looks for one to go on from.
_MONTH = timedelta(days=31)
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
    """The tables as they are when this is made; what batch itself builds in silver, as it is when it is asked for.

    ``counts`` holds ``silver.event_counts_daily`` of the same ``snapshots`` of ``SILVER_TABLES``.
    """

    def __init__(self, lake: ArrowLake, snapshots: Iterable[Snapshot], counts: pa.Table) -> None:
        self._tables = {each.table.name.partition(".")[2]: each.rows for each in snapshots}
        self.clickstream_events, self.pos_events = self._tables["clickstream_events"], self._tables["pos_events"]
        self.sessions = self._tables["sessions"]
        self._lake = lake
        self._counts = counts

    def of_days(self, days: Iterable[date]) -> Events:
        """Return the events of whole days."""
        return self._events(within(days))

    def up_to(self, day: date, since: datetime | None = None) -> Events:
        """Return the events up to the end of a day, all or from ``since`` on."""
        before = _before(end_of(day))
        return self._events(before if since is None else before & (pc.field("occurred_at") >= since))

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

    def product_categories(self, day: date) -> Rows:
        """Return ``silver.product_categories`` up to a day."""
        return self._lake.scan(SILVER_PRODUCT_CATEGORIES).filter(pc.field("date") <= day)

    def customer_rfm(self, before: datetime) -> ds.Dataset:
        """Return ``gold.customer_rfm`` as of the month before an instant."""
        as_of = pc.field("as_of")
        return self._lake.scan(GOLD_CUSTOMER_RFM).filter((as_of < before) & (as_of >= before - _MONTH))

    def review_events(self, day: date) -> Rows:
        """Return the reviews up to the end of a day."""
        return self._tables["review_events"].filter(_before(end_of(day)))

    def counted(self, sql: str) -> pa.Table:
        """Return ``date`` and ``source_events`` by a query over ``counts`` and ``promotion_events``."""
        return run_sql(sql, counts=self._counts, promotion_events=self._tables["promotion_events"])

    @cached_property
    def _bot_sessions(self) -> pa.Table:
        return bot_sessions(self.sessions)

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


def bot_sessions(sessions: ds.Dataset) -> pa.Table:
    """Return whose and when those of ``silver.sessions`` were that are a bot's: the table of ``product_facts``."""
    return sessions.to_table(columns=["visitor_id", "started_at", "ended_at"], filter=pc.field("is_bot"))


def _before(instant: datetime) -> pc.Expression:
    return pc.field("occurred_at") < instant
