"""Silver as batch reads it: one snapshot of each table, and of that only the files that a day needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from batch_processing.days import end_of, within
from contracts.errors import NotReadyError
from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS, SILVER_SESSIONS
from data_lake.arrow_lake import ArrowLake
from data_lake.sql import run_sql

SILVER_TABLES = (SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS, SILVER_SESSIONS)
_SPAN = """
    SELECT min(occurred_at)::DATE AS first, max(occurred_at)::DATE AS last
    FROM (SELECT occurred_at FROM clickstream_events UNION ALL SELECT occurred_at FROM pos_events)
"""

# The rows of silver.clickstream_events and of silver.pos_events.
Events = tuple[ds.Dataset, ds.Dataset]


class Silver:
    """The tables as they are when this is made."""

    def __init__(self, lake: ArrowLake) -> None:
        self.clickstream_events, self.pos_events, self.sessions = (lake.scan(table) for table in SILVER_TABLES)
        self._counts: dict[str, pa.Table] = {}

    def of_days(self, days: Iterable[date]) -> Events:
        """Return the events of whole days."""
        return self._events(within(days))

    def up_to(self, day: date) -> Events:
        """Return the events up to the end of a day."""
        return self._events(_before(end_of(day)))

    def counted(self, sql: str) -> pa.Table:
        """Return ``date`` and ``source_events`` by a query over all of silver, which runs once."""
        if sql not in self._counts:
            tables = {"pos_events": self.pos_events, "sessions": self.sessions}
            self._counts[sql] = run_sql(sql, clickstream_events=self.clickstream_events, **tables)
        return self._counts[sql]

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
