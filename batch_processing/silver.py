"""Silver as batch reads it: one snapshot of each table, and of that only the files that a day needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

import pyarrow as pa

from batch_processing.days import DAY, end_of, last_moment, spans_of, up_to
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
    Table,
)
from data_lake.arrow_lake import ArrowLake
from data_lake.changed_files import Snapshot
from data_lake.spans import Span
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
_LAST_END = "SELECT max(ended_at) AS ended_at FROM sessions"
_SPAN = """
    SELECT min(occurred_at)::DATE AS first, max(occurred_at)::DATE AS last
    FROM (SELECT occurred_at FROM clickstream_events UNION ALL SELECT occurred_at FROM pos_events)
"""

# The rows of silver.clickstream_events and of silver.pos_events.
Events = tuple[Rows, Rows]


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
        self._silver = {each.table: each for each in snapshots}
        self._lake = lake
        self._counts = counts

    def of_days(self, days: Iterable[date]) -> Events:
        """Return the events of whole days."""
        return self._events(spans_of(days))

    def up_to(self, day: date, since: datetime | None = None) -> Events:
        """Return the events up to the end of a day, all or from ``since`` on."""
        first, last = up_to(day)
        return self._events([(since or first, last)])

    def activity_of(self, days: Iterable[date]) -> Activity:
        """Return the events of whole days, and all sessions of bots."""
        return Activity(*self.of_days(days), self._bot_sessions)

    def activity_up_to(self, day: date) -> Activity:
        """Return the events up to the end of a day, and all sessions of bots."""
        return Activity(*self.up_to(day), self._bot_sessions)

    def ending_with(self, days: Sequence[date], window: timedelta) -> Events:
        """Return the events of the ``window`` up to the end of each day."""
        return self._events([(end_of(min(days)) - window, last_moment(max(days)))])

    def sessions_of(self, days: Sequence[date]) -> tuple[Rows, Rows]:
        """Return the sessions that started on the days, and clicks from the first to the end of the last, maybe later.

        Between them may lie other sessions' clicks.
        """
        sessions = self._within(SILVER_SESSIONS, "started_at", spans_of(days))
        [ended_at] = run_sql(_LAST_END, sessions=sessions)["ended_at"].to_pylist()
        lasting = (end_of(min(days) - DAY), ended_at or last_moment(max(days)))
        return sessions, self._within(SILVER_CLICKSTREAM_EVENTS, "occurred_at", [lasting])

    def sessions_up_to(self, day: date) -> Rows:
        """Return the sessions that started up to the end of a day."""
        return self._within(SILVER_SESSIONS, "started_at", [up_to(day)])

    def feeds_of(self, days: Sequence[date]) -> Feeds:
        """Return what may hold in the days: plans, weather from a day before, all other events up to their end."""
        before_end = up_to(max(days))
        weather_since = end_of(min(days) - DAY) - DAY
        return Feeds(
            self._within(SILVER_INVENTORY_EVENTS, "occurred_at", [before_end]),
            self._within(SILVER_PRICE_EVENTS, "effective_at", [before_end]),
            self._silver[SILVER_PROMOTION_EVENTS].rows,
            self._within(SILVER_WEATHER_EVENTS, "occurred_at", [(weather_since, last_moment(max(days)))]),
        )

    def customer_visitors(self, day: date) -> Rows:
        """Return ``silver.customer_visitors`` up to the end of a day."""
        return self._dated(SILVER_CUSTOMER_VISITORS, day)

    def transaction_lines(self, day: date) -> Rows:
        """Return ``silver.transaction_lines`` up to the end of a day."""
        return self._dated(SILVER_TRANSACTION_LINES, day)

    def product_categories(self, day: date) -> Rows:
        """Return ``silver.product_categories`` up to a day."""
        return self._dated(SILVER_PRODUCT_CATEGORIES, day)

    def customer_rfm(self, as_ofs: Sequence[Span]) -> Rows:
        """Return the rows of ``gold.customer_rfm`` as of instants within the spans."""
        return Snapshot.newest(self._lake, GOLD_CUSTOMER_RFM).rows_within("as_of", as_ofs)

    def review_events(self, day: date) -> Rows:
        """Return the reviews up to the end of a day."""
        return self._within(SILVER_REVIEW_EVENTS, "occurred_at", [up_to(day)])

    def counted(self, sql: str) -> pa.Table:
        """Return ``date`` and ``source_events`` by a query over ``counts`` and ``promotion_events``."""
        return run_sql(sql, counts=self._counts, promotion_events=self._silver[SILVER_PROMOTION_EVENTS].rows)

    @cached_property
    def _bot_sessions(self) -> pa.Table:
        return bot_sessions(self._silver[SILVER_SESSIONS].rows)

    def require_events(self, table: str, days: Sequence[date], *, history_counts: bool) -> None:
        """Raise ``NotReadyError`` unless there is an event of the days or, if ``history_counts``, of before."""
        first, last = min(days), max(days)
        events = self.up_to(last) if history_counts else self.of_days(days)
        if any(run_sql("SELECT 1 FROM events LIMIT 1", events=each).num_rows for each in events):
            return
        shown = f"on {first}" if first == last else f"from {first} to {last}"
        msg = f"silver has no events for {table} {shown}: {self._held()}"
        raise NotReadyError(msg)

    def _held(self) -> str:
        clickstream_events, pos_events = (
            self._silver[table].rows for table in (SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS)
        )
        [span] = run_sql(_SPAN, clickstream_events=clickstream_events, pos_events=pos_events).to_pylist()
        return f"it holds events from {span['first']} to {span['last']}" if span["first"] else "it holds none"

    def _events(self, wanted: Sequence[Span]) -> Events:
        clickstream_events = self._within(SILVER_CLICKSTREAM_EVENTS, "occurred_at", wanted)
        return clickstream_events, self._within(SILVER_POS_EVENTS, "occurred_at", wanted)

    def _within(self, table: Table, column: str, wanted: Sequence[Span]) -> Rows:
        return self._silver[table].rows_within(column, wanted)

    def _dated(self, table: Table, day: date) -> Rows:
        return replace(self._lake.all_files(table), where=f"date <= '{day}'")


def bot_sessions(sessions: Rows) -> pa.Table:
    """Return whose and when those of ``silver.sessions`` were that are a bot's: the table of ``product_facts``."""
    return run_sql("SELECT visitor_id, started_at, ended_at FROM sessions WHERE is_bot", sessions=sessions)
