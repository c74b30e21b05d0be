"""gold.product_daily: what happened to each product on each day. Without what bots look at."""

from __future__ import annotations

import pyarrow as pa

from batch_processing.product_facts import EVENTS_OF_DAYS, PRODUCT_FACTS, PRODUCT_MEASURES
from batch_processing.silver import Activity
from contracts.tables import GOLD_PRODUCT_DAILY
from data_lake.schemas import contracted
from data_lake.sql import run_sql

_SQL = f"""
    WITH facts AS ({PRODUCT_FACTS}), days AS ({EVENTS_OF_DAYS})
    SELECT
        date,
        product_id,
        {PRODUCT_MEASURES},
        source_events
    FROM facts JOIN days ON occurred_at::DATE = date
    GROUP BY date, product_id, source_events
"""


def product_daily(activity: Activity) -> pa.Table:
    """Return one row per product and day (UTC) of whole days of silver; days without a product have none."""
    return contracted(run_sql(_SQL, **activity._asdict()), GOLD_PRODUCT_DAILY)
