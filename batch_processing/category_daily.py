"""gold.category_daily: what happened to each category on each day. Without what bots look at."""

from __future__ import annotations

import pyarrow as pa

from batch_processing.product_facts import EVENTS_OF_DAYS, PRODUCT_FACTS, PRODUCT_MEASURES
from batch_processing.silver import Activity
from contracts.tables import GOLD_CATEGORY_DAILY
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql

# One row per product and day on which it was seen with a category: the last one.
CATEGORIES = f"""
    SELECT product_id, occurred_at::DATE AS date, arg_max(category, (occurred_at, event_id, category)) AS category
    FROM ({PRODUCT_FACTS})
    WHERE category IS NOT NULL
    GROUP BY product_id, date
"""

# Up to the end of the day: a late event can give another category to every day after it.
EVENTS_UP_TO_DAYS = f"""
    SELECT date, (sum(source_events) OVER (ORDER BY date))::BIGINT AS source_events FROM ({EVENTS_OF_DAYS})
"""

# An ASOF join takes the latest row whose last column, the date, is not after the product's day.
_SQL = f"""
    WITH facts AS (SELECT * EXCLUDE (category), occurred_at::DATE AS date FROM ({PRODUCT_FACTS})),
    products AS (
        SELECT date, product_id, coalesce(category, 'unknown') AS category
        FROM (SELECT DISTINCT date, product_id FROM facts) ASOF LEFT JOIN categories USING (product_id, date)
    )
    SELECT
        date,
        category,
        count(DISTINCT product_id) AS products,
        {PRODUCT_MEASURES},
        source_events
    FROM facts JOIN products USING (date, product_id) JOIN days USING (date)
    GROUP BY date, category, source_events
"""


def category_daily(activity: Activity, categories: Rows, days: Rows) -> pa.Table:
    """Return one row per category and day (UTC) of whole days of silver.

    ``categories`` and ``days`` hold ``CATEGORIES`` and ``EVENTS_UP_TO_DAYS`` of all silver up to then.
    """
    rows = run_sql(_SQL, **activity._asdict(), categories=categories, days=days)
    return contracted(rows, GOLD_CATEGORY_DAILY)
