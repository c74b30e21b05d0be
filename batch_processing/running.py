"""Builds gold tables for days: reads silver, transforms, replaces whole days. Safe to repeat."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from batch_processing.customer_features import customer_features
from batch_processing.days import (
    EventsOfDay,
    built_from,
    end_of,
    events_of_days,
    latest_days,
    require_events,
    stale_days,
    within,
)
from batch_processing.product_daily import product_daily
from batch_processing.product_features import product_features
from contracts.tables import (
    GOLD_CUSTOMER_FEATURES,
    GOLD_PRODUCT_DAILY,
    GOLD_PRODUCT_FEATURES,
    SILVER_CLICKSTREAM_EVENTS,
    SILVER_POS_EVENTS,
    Table,
)
from data_lake.arrow_lake import ArrowLake
from data_lake.care.retention import kept_since

BATCH_TABLES = (GOLD_PRODUCT_DAILY, GOLD_CUSTOMER_FEATURES, GOLD_PRODUCT_FEATURES)
_AS_OF_TABLES = {GOLD_CUSTOMER_FEATURES: customer_features, GOLD_PRODUCT_FEATURES: product_features}
_SOURCES = (SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS)


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
        lake.create_missing([*_SOURCES, *BATCH_TABLES])
        self._lake = lake
        self._tell = tell
        self._clickstream_events, self._pos_events = (lake.scan(table) for table in _SOURCES)

    def build_days(self, tables: Iterable[Table], days: Sequence[date]) -> None:
        """Build the tables for the days; raises ``NotReadyError`` where silver holds nothing to build them from."""
        silver = self._silver()
        for table in tables:
            require_events(table.name, silver, days, history_counts=table in _AS_OF_TABLES)
            self._build(table, days)

    def build_stale(self, tables: Iterable[Table], today: date) -> None:
        """Build ``product_daily`` for every stale day, and the as-of tables for silver's latest day up to today.

        What expired from silver stays in gold.
        """
        silver = self._silver()
        for table in tables:
            days = latest_days(silver, today) if table in _AS_OF_TABLES else self._stale_days(silver, today)
            if days:
                self._build(table, days)

    def _silver(self) -> EventsOfDay:
        return events_of_days(self._clickstream_events, self._pos_events)

    def _stale_days(self, silver: EventsOfDay, today: date) -> list[date]:
        kept_from = max(kept_since(table, today) for table in _SOURCES)
        return stale_days(silver, built_from(self._lake.scan(GOLD_PRODUCT_DAILY)), kept_from)

    def _build(self, table: Table, days: Sequence[date]) -> None:
        started = time.perf_counter()
        rows = self._rows(table, days)
        self._lake.overwrite(table, rows, _condition(table, days))
        self._tell(Built(table.name, days, len(rows), time.perf_counter() - started))

    def _rows(self, table: Table, days: Sequence[date]) -> pa.Table:
        if table == GOLD_PRODUCT_DAILY:
            return product_daily(*self._events(within(days)))
        as_ofs = [end_of(day) for day in days]
        return _AS_OF_TABLES[table](*self._events(pc.field("occurred_at") < max(as_ofs)), as_ofs)

    def _events(self, where: pc.Expression) -> tuple[ds.Dataset, ds.Dataset]:
        return self._clickstream_events.filter(where), self._pos_events.filter(where)


def _condition(table: Table, days: Sequence[date]) -> str:
    """Return the SQL condition for the rows of the days: by ``date``, or by the ``as_of`` at their end."""
    column, values = ("date", days) if table == GOLD_PRODUCT_DAILY else ("as_of", [end_of(day) for day in days])
    return f"{column} IN ({', '.join(repr(value.isoformat()) for value in values)})"
