"""Measure the batch tables: what another day costs where there are few days already, and where there are many.

A simulated day is landed in silver again and again, each time a day later, in other browsers. ``make bench-batch`` runs
``aisle batch run all --stale`` for the history, for one more day, after a few late events, and with nothing new; the
ceiling is DuckDB reading the new day's rows to nowhere.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.batch_run import BatchMeasured, measured_batch
from benchmarks.machine import keep, load_1m, machine, versions
from contracts.tables import EVENT_TABLES, SILVER_CLICKSTREAM_EVENTS, SILVER_SESSIONS, Table
from data_lake.arrow_lake import ArrowLake
from data_lake.sql import run_sql
from data_sources.shop import Shop, ShopSettings
from deployment.settings import Settings
from stream_processing.sessions import sessionized, sessions
from tests.fixtures.simulated_silver import silver_of

_FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_SECONDS_PER_DAY = 86_400
_OWN_IDS = ("event_id", "visitor_id", "session_id")
_LATE_EVENTS = 1_000
_BUILT = re.compile(r"^(\S+) .*: \d+ rows in ([\d.]+) s$", re.MULTILINE)

_STEPS = ("day", "late", "nothing")

Day = Mapping[Table, pa.Table]


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300_000, help="events of a day")
    parser.add_argument("--few", type=int, default=3, help="days of the short history")
    parser.add_argument("--many", type=int, default=60, help="days of the long one")
    options = parser.parse_args()
    day = _simulated_day(options.events)
    rows = sum(table.num_rows for table in day.values())
    result: dict[str, Any] = {"load_before_1m": load_1m(), "rows_per_day": rows, "ceiling_s": _ceiling(day)}
    for name, days in (("few", options.few), ("many", options.many)):
        with TemporaryDirectory(prefix="aisle-bench-") as directory:
            measured = _measured(Settings(data_dir=Path(directory)), day, days)
        result |= {f"{name}_days": days} | {f"{name}_{key}": value for key, value in measured.items()}
    result |= {f"{kind}_growth_ratio": round(result[f"many_{kind}_s"] / result[f"few_{kind}_s"], 2) for kind in _STEPS}
    result |= {"machine": machine(), "versions": versions("deltalake", "duckdb", "pyarrow")}
    keep("batch", result | {"load_after_1m": load_1m()})
    return 0


def _measured(settings: Settings, day: Day, days: int) -> dict[str, Any]:
    """Build ``days`` of history, then one more, then again after late events, then where nothing is new."""
    lake = ArrowLake(settings.lake)
    lake.create_missing()
    for number in range(days):
        _land(lake, day, number)
    results = {"history": _batch(settings)}
    _land(lake, day, days)
    results["day"] = _batch(settings)
    late = day[SILVER_CLICKSTREAM_EVENTS].slice(0, _LATE_EVENTS)
    lake.append(SILVER_CLICKSTREAM_EVENTS, _moved(late, days, people=days + 1))
    results["late"] = _batch(settings)
    results["nothing"] = _batch(settings)
    seconds = {f"{name}_s": round(each.seconds, 2) for name, each in results.items()}
    peak = round(max(each.peak_mib for each in results.values()))
    return seconds | {"day_s_by_table": _by_table(results["day"].said), "peak_rss_mib": peak}


def _simulated_day(events: int) -> Day:
    settings = ShopSettings(7, _FIRST_DAY, events / _SECONDS_PER_DAY, rhythm=True)
    trade = [each.event for each in Shop(settings).trade(_DAY)]
    tables = {table: silver_of(trade, table) for table in EVENT_TABLES.values()}
    return tables | {SILVER_SESSIONS: sessions(sessionized(tables[SILVER_CLICKSTREAM_EVENTS]))}


def _land(lake: ArrowLake, day: Day, number: int) -> None:
    for table, rows in day.items():
        lake.append(table, _moved(rows, number, people=number))


def _moved(rows: pa.Table, days: int, people: int) -> pa.Table:
    """Return the rows some days later, under ids of their own."""
    for index, field in enumerate(rows.schema):
        column = rows.column(index)
        if field.name in _OWN_IDS:
            column = pc.binary_join_element_wise(column, str(people), "-")
        elif pa.types.is_timestamp(field.type):
            column = pc.add(column, pa.scalar(days * _DAY)).cast(field.type)
        rows = rows.set_column(index, field, column)
    return rows


def _batch(settings: Settings) -> BatchMeasured:
    return measured_batch(settings, "all", "--stale")


def _by_table(said: str) -> dict[str, float]:
    return {table: float(seconds) for table, seconds in _BUILT.findall(said)}


def _ceiling(day: Day) -> float:
    with TemporaryDirectory(prefix="aisle-bench-") as directory:
        lake = ArrowLake(directory)
        lake.create_missing()
        _land(lake, day, 0)
        started = time.perf_counter()
        for table in day:
            run_sql("SELECT count(COLUMNS(*)) FROM rows", rows=lake.all_files(table))
        return round(time.perf_counter() - started, 2)


if __name__ == "__main__":
    raise SystemExit(main())
