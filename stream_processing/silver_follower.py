"""Follows silver: hands on the events that landed since the last time, at least once each.

How far it came is known by ``processed_at``, which only grows within a table, and kept beside the streams'
checkpoints. A repetition after a crash, or of everything where that file is lost, must change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pyarrow as pa

from contracts.tables import Table
from data_lake.arrow_lake import ArrowLake
from data_lake.sql import Rows, run_sql
from stream_processing.follower_progress import FollowerProgress

# Bounds the memory of one step; what landed in one micro-batch is never split.
_MOST_ROWS = 200_000
# Before all events and after them.
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)

# The newest time up to which no more than so many rows wait, but at least the oldest.
_CUT = """
    SELECT coalesce(max(processed_at) FILTER (so_far <= most_rows), min(processed_at)) AS cut
    FROM (
        SELECT processed_at, most_rows, sum(count(*)) OVER (ORDER BY processed_at) AS so_far
        FROM rows JOIN bounds ON processed_at > after AND processed_at <= up_to
        GROUP BY processed_at, most_rows
    )
"""
_BETWEEN = "SELECT {columns} FROM rows JOIN bounds ON processed_at > after AND processed_at <= up_to"

Handle = Callable[[Mapping[Table, pa.Table]], None]


class SilverFollower:
    """Calls ``handle`` with new rows of some of silver's event tables; ``columns`` are what it needs of each."""

    name = "gold"

    def __init__(self, lake: ArrowLake, columns: Mapping[Table, tuple[str, ...]], handle: Handle) -> None:
        self._lake = lake
        self._columns = columns
        self._handle = handle
        self._progress = FollowerProgress(lake, self.name)

    @property
    def disk(self) -> str:
        """Where it writes to."""
        return self._lake.uri

    def step(self) -> int:
        """Hand on the oldest rows that wait, of every table; return how many there were."""
        marks = self._progress.read()
        new, cuts = {}, {}
        for table, columns in self._columns.items():
            after = marks.get(table.name, _FIRST)
            rows = self._lake.after(table, "processed_at", after)
            [cut] = _between(rows, _CUT, after, _LAST)["cut"].to_pylist()
            if cut:
                cuts[table.name] = cut
                new[table] = _between(rows, _BETWEEN.format(columns=", ".join(columns)), after, cut)
        if new:
            self._handle(new)
            self._progress.write(marks | cuts)
        return sum(rows.num_rows for rows in new.values())


def _between(rows: Rows, sql: str, after: datetime, up_to: datetime) -> pa.Table:
    """Answer a query over ``rows`` and the ``bounds`` of those that are meant."""
    bounds = pa.table({"after": [after], "up_to": [up_to], "most_rows": [_MOST_ROWS]})
    return run_sql(sql, rows=rows, bounds=bounds)
