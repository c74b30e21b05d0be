"""Builds the batch tables for days: reads silver, transforms, replaces whole days. Safe to repeat."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from batch_processing.batch_tables import BATCH_TABLES, BatchTable
from batch_processing.days import built_from, by_day, latest_days, stale_days
from batch_processing.event_counts import counted_events
from batch_processing.silver import SILVER_TABLES, Silver
from batch_processing.source_events import of_day
from contracts.tables import SILVER_EVENT_COUNTS_DAILY, Table
from data_lake.arrow_lake import ArrowLake
from data_lake.care.retention import kept_since
from data_lake.changed_files import Snapshot

# Bounds the memory of a long rebuild, and the file that a later run of one of the days has to write again.
_DAYS_AT_ONCE = 31


@dataclass(frozen=True)
class Built:
    """What one build did: the days it replaced, the rows they now hold, and how long it took."""

    table: str
    days: Sequence[date]
    rows: int
    seconds: float


class BatchRun:
    """Builds from silver as it is when the run starts; creates the tables that are missing.

    Building raises ``TableChangedError`` where another process built the same days at the same time.
    """

    def __init__(self, lake: ArrowLake, tell: Callable[[Built], None]) -> None:
        lake.create_missing([*SILVER_TABLES, SILVER_EVENT_COUNTS_DAILY, *(table.contract for table in BATCH_TABLES)])
        self._lake = lake
        self._tell = tell
        snapshots = [Snapshot.newest(lake, table) for table in SILVER_TABLES]
        self._silver = Silver(lake, snapshots, counted_events(lake, snapshots))

    def build_days(self, tables: Iterable[BatchTable], days: Sequence[date]) -> None:
        """Build the tables for the days; raises ``NotReadyError`` where silver has no event of them.

        For a table as of a day, an event of any day before is enough.
        """
        for table in tables:
            self._silver.require_events(table.contract.name, days, history_counts=table.is_as_of)
            self._catch_up(table)
            self._build(table, days)

    def build_stale(self, tables: Iterable[BatchTable], today: date) -> None:
        """Build the tables by date for their stale days, and those as of a day for silver's latest up to today.

        What expired from silver stays in gold.
        """
        for table in tables:
            self._catch_up(table)
            if days := self._stale_days(table, today):
                self._build(table, days)

    def _stale_days(self, table: BatchTable, today: date) -> list[date]:
        if table.sources is None:
            return latest_days(by_day(self._silver.counted(of_day("product_facts"))), today)
        kept_from = max(kept_since(each, today) for each in SILVER_TABLES)
        return self._differing(table.contract, table.sources, kept_from)

    def _catch_up(self, table: BatchTable) -> None:
        """Build the stale days of what the table is made from: any of them may matter for any of its days."""
        needed = table.needs
        if needed and needed.sources and (days := self._differing(needed.contract, needed.sources, date.min)):
            self._build(needed, days)

    def _differing(self, table: Table, sources: str, kept_from: date) -> list[date]:
        return stale_days(by_day(self._silver.counted(sources)), built_from(self._lake.scan(table)), kept_from)

    def _build(self, table: BatchTable, days: Sequence[date]) -> None:
        started, rows = time.perf_counter(), 0
        for first in range(0, len(days), _DAYS_AT_ONCE):
            rows += self._replace(table, days[first : first + _DAYS_AT_ONCE])
        self._tell(Built(table.contract.name, days, rows, time.perf_counter() - started))

    def _replace(self, table: BatchTable, days: Sequence[date]) -> int:
        rows = table.build(self._silver, days)
        self._lake.overwrite(table.contract, rows, table.condition(days))
        return len(rows)
