"""The batch tables of a day of a benchmark: how long they take, and whether their totals are silver's."""

from __future__ import annotations

import time
from datetime import date
from subprocess import CalledProcessError
from typing import Any

import psutil
import pyarrow as pa

from contracts.tables import (
    GOLD_BASKET_PAIRS,
    GOLD_CATEGORY_DAILY,
    GOLD_CUSTOMER_PRODUCT_MATRIX,
    GOLD_CUSTOMER_RFM,
    GOLD_FUNNEL_DAILY,
    GOLD_LOW_STOCK,
    GOLD_PRODUCT_ACTIVITY_HOURLY,
    GOLD_PRODUCT_DAILY,
    GOLD_STORE_DAILY,
    SILVER_CLICKSTREAM_EVENTS,
    SILVER_POS_EVENTS,
    SILVER_SESSIONS,
    Table,
)
from data_lake.arrow_lake import ArrowLake
from data_lake.sql import run_sql
from deployment.local_stack.services import aisle_executable
from deployment.settings import Settings, child_environment

_OF_PRODUCTS = (GOLD_PRODUCT_DAILY, GOLD_PRODUCT_ACTIVITY_HOURLY, GOLD_CATEGORY_DAILY)
_TABLES = (
    *_OF_PRODUCTS,
    GOLD_CUSTOMER_RFM,
    GOLD_CUSTOMER_PRODUCT_MATRIX,
    GOLD_FUNNEL_DAILY,
    GOLD_BASKET_PAIRS,
    GOLD_STORE_DAILY,
    GOLD_LOW_STOCK,
)
_WEIGH_EVERY_S = 0.1

_LINES = """
    SELECT event_type, unnest(lines, recursive := true) FROM {events}
    WHERE event_type IN ('order_placed', 'pos_transaction_completed') AND occurred_at::DATE = '{day}'
"""
_SOLD = "SELECT sum(quantity) AS units, round(sum(quantity * unit_price::DECIMAL(28, 4)), 2) AS revenue FROM ({lines})"
_STORED = "SELECT sum(units_sold) AS units, sum(revenue) AS revenue FROM rows WHERE date = '{day}'"
_SESSIONS = "SELECT count(*) AS n FROM rows WHERE started_at::DATE = '{day}' AND is_bot IS NOT TRUE"
_STORED_SESSIONS = "SELECT coalesce(sum(sessions), 0) AS n FROM rows WHERE date = '{day}'"


def build_day(settings: Settings, day: date) -> dict[str, Any]:
    """Run ``aisle batch run`` for the day: seconds with Python's start, and peak of its own memory."""
    started, peak = time.perf_counter(), 0
    command = [aisle_executable(), "batch", "run", *(table.name for table in _TABLES), "--date", day.isoformat()]
    with psutil.Popen(command, env=child_environment(settings)) as batch:
        while batch.poll() is None:
            peak = max(peak, batch.memory_info().rss)
            time.sleep(_WEIGH_EVERY_S)
    if batch.returncode:
        raise CalledProcessError(batch.returncode, command)
    return {"batch_s": round(time.perf_counter() - started, 1), "batch_peak_rss_mib": round(peak / 2**20)}


def wrong_totals(lake: ArrowLake, day: date) -> int:
    """Count the tables of ``build_day`` whose sums over the day are not those of silver."""
    clicks, tills = lake.all_files(SILVER_CLICKSTREAM_EVENTS), lake.all_files(SILVER_POS_EVENTS)
    in_stores = _LINES.format(events="tills", day=day)
    everywhere = f"{_LINES.format(events='clicks', day=day)} UNION ALL BY NAME {in_stores}"
    sold, sold_in_stores = (
        run_sql(_SOLD.format(lines=lines), clicks=clicks, tills=tills) for lines in (everywhere, in_stores)
    )
    sessions = run_sql(_SESSIONS.format(day=day), rows=lake.all_files(SILVER_SESSIONS))
    pairs = [(sold, _stored(lake, table, _STORED, day)) for table in _OF_PRODUCTS]
    pairs += [
        (sold_in_stores, _stored(lake, GOLD_STORE_DAILY, _STORED, day)),
        (sessions, _stored(lake, GOLD_FUNNEL_DAILY, _STORED_SESSIONS, day)),
    ]
    return sum(seen.to_pylist() != stored.to_pylist() for seen, stored in pairs)


def _stored(lake: ArrowLake, table: Table, sql: str, day: date) -> pa.Table:
    return run_sql(sql.format(day=day), rows=lake.all_files(table))
