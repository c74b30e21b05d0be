"""Builds gold tables for days: reads silver, transforms, replaces whole days. Safe to repeat."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame

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
from data_lake.spark_lake import SparkLake

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
    """Builds from silver as it is while the run lasts; creates the tables that are missing."""

    def __init__(self, lake: SparkLake, tell: Callable[[Built], None]) -> None:
        ArrowLake(lake.uri).create_missing([*_SOURCES, *BATCH_TABLES])
        self._lake = lake
        self._tell = tell
        self._clickstream_events, self._pos_events = (lake.read(table) for table in _SOURCES)

    def build_days(self, tables: Iterable[Table], days: Sequence[date]) -> None:
        """Build the tables for the days; raises ``NotReadyError`` where silver holds nothing to build them from."""
        silver = self._silver()
        for table in tables:
            require_events(table.name, silver, days, history_counts=table in _AS_OF_TABLES)
            self._build(table, days)

    def build_stale(self, tables: Iterable[Table], today: date) -> None:
        """Build ``product_daily`` for every stale day, and the as-of tables for silver's latest day up to today."""
        silver = self._silver()
        for table in tables:
            days = latest_days(silver, today) if table in _AS_OF_TABLES else self._stale_days(silver)
            if days:
                self._build(table, days)

    def _silver(self) -> EventsOfDay:
        return events_of_days(self._clickstream_events, self._pos_events)

    def _stale_days(self, silver: EventsOfDay) -> list[date]:
        return stale_days(silver, built_from(self._lake.read(GOLD_PRODUCT_DAILY)))

    def _build(self, table: Table, days: Sequence[date]) -> None:
        started = time.perf_counter()
        rows = self._rows(table, days).persist()
        try:
            count = rows.count()
            _replace_days(rows, self._lake.path(table), _condition(table, days))
        finally:
            rows.unpersist()
        self._tell(Built(table.name, days, count, time.perf_counter() - started))

    def _rows(self, table: Table, days: Sequence[date]) -> DataFrame:
        if table == GOLD_PRODUCT_DAILY:
            return product_daily(within(days, self._clickstream_events), within(days, self._pos_events))
        return _AS_OF_TABLES[table](self._clickstream_events, self._pos_events, [end_of(day) for day in days])


def _replace_days(rows: DataFrame, path: str, condition: str) -> None:
    """Make ``rows`` all that the table holds where ``condition`` is true, in one commit."""
    rows.write.format("delta").mode("overwrite").option("replaceWhere", condition).save(path)


def _condition(table: Table, days: Sequence[date]) -> str:
    """Return the SQL condition for the rows of the days: by ``date``, or by the ``as_of`` at their end."""
    if table == GOLD_PRODUCT_DAILY:
        values = [f"DATE'{day}'" for day in days]
        return f"date IN ({', '.join(values)})"
    values = [f"TIMESTAMP'{end_of(day).isoformat()}'" for day in days]
    return f"as_of IN ({', '.join(values)})"
