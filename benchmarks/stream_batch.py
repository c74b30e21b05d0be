"""The batch tables of a day of a benchmark: how long they take, and whether their totals are silver's."""

from __future__ import annotations

from datetime import date
from typing import Any

from benchmarks.batch_run import measured_batch
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
)
from data_lake.arrow_lake import ArrowLake
from data_lake.sql import run_sql
from deployment.settings import Settings

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

_LINES = """
    SELECT event_type, unnest(lines, recursive := true) FROM {events}
    WHERE event_type IN ('order_placed', 'pos_transaction_completed') AND occurred_at::DATE = '{day}'
"""
# Each stored row has rounded its revenue once.
_AS_SOLD = """
    SELECT stored.units = sold.units AND abs(stored.revenue - sold.revenue) <= 0.005 * stored.rows AS equal
    FROM (SELECT sum(quantity) AS units, sum(quantity * unit_price::DECIMAL(28, 4)) AS revenue FROM ({lines})) AS sold
    CROSS JOIN (
        SELECT sum(units_sold) AS units, sum(revenue) AS revenue, count(*) AS rows FROM stored WHERE date = '{day}'
    ) AS stored
"""
_AS_VISITED = """
    SELECT (SELECT sum(sessions) FROM stored WHERE date = '{day}') = count(*) AS equal
    FROM sessions WHERE started_at::DATE = '{day}' AND is_bot IS NOT TRUE
"""


def build_day(settings: Settings, day: date) -> dict[str, Any]:
    """Run ``aisle batch run`` for the day: seconds with Python's start, and peak of its own memory."""
    batch = measured_batch(settings, *(table.name for table in _TABLES), "--date", day.isoformat())
    return {"batch_s": round(batch.seconds, 1), "batch_peak_rss_mib": round(batch.peak_mib)}


def wrong_totals(lake: ArrowLake, day: date) -> int:
    """Count the tables of ``build_day`` whose sums over the day are not those of silver."""
    silver = {"clicks": lake.all_files(SILVER_CLICKSTREAM_EVENTS), "tills": lake.all_files(SILVER_POS_EVENTS)}
    in_stores = _LINES.format(events="tills", day=day)
    everywhere = f"{_LINES.format(events='clicks', day=day)} UNION ALL BY NAME {in_stores}"
    checks = [(table, _AS_SOLD.format(lines=everywhere, day=day), silver) for table in _OF_PRODUCTS]
    checks += [
        (GOLD_STORE_DAILY, _AS_SOLD.format(lines=in_stores, day=day), silver),
        (GOLD_FUNNEL_DAILY, _AS_VISITED.format(day=day), {"sessions": lake.all_files(SILVER_SESSIONS)}),
    ]
    equal = (run_sql(sql, stored=lake.all_files(table), **rows)["equal"][0].as_py() for table, sql, rows in checks)
    return sum(each is not True for each in equal)
