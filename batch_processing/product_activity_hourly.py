"""gold.product_activity_hourly: what happened to each product in each hour. Without what bots look at."""

from __future__ import annotations

import pyarrow as pa

from batch_processing.product_facts import EVENTS_OF_DAYS, PRODUCT_FACTS, PRODUCT_MEASURES
from batch_processing.silver import Activity
from contracts.tables import GOLD_PRODUCT_ACTIVITY_HOURLY
from data_lake.schemas import contracted
from data_lake.sql import run_sql

_SQL = f"""
    WITH facts AS ({PRODUCT_FACTS}), days AS ({EVENTS_OF_DAYS})
    SELECT
        date,
        date_trunc('hour', occurred_at) AS hour,
        product_id,
        {PRODUCT_MEASURES},
        count(DISTINCT event_id) FILTER (NOT sold) AS returns,
        source_events
    FROM facts JOIN days ON occurred_at::DATE = date
    GROUP BY date, hour, product_id, source_events
"""


def product_activity_hourly(activity: Activity) -> pa.Table:
    """Return one row per product and hour (UTC) of whole days of silver; hours without a product have none."""
    rows = run_sql(_SQL, **activity._asdict())
    return contracted(rows, GOLD_PRODUCT_ACTIVITY_HOURLY)
