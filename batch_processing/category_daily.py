"""gold.category_daily: what happened to each category on each day. Without what bots look at."""

from __future__ import annotations

import pyarrow as pa

from batch_processing.product_facts import PRODUCT_FACTS, PRODUCT_MEASURES
from batch_processing.silver import Activity
from batch_processing.source_events import up_to_day
from contracts.tables import GOLD_CATEGORY_DAILY
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql

# A late event can give another category to every day after it.
EVENTS_UP_TO_DAYS = up_to_day("product_facts")

# An ASOF join takes the latest row whose last column, the date, is not after the product's day.
_SQL = f"""
    WITH facts AS (SELECT * EXCLUDE (category), occurred_at::DATE AS date FROM ({PRODUCT_FACTS})),
    products AS (
        SELECT date, product_id, coalesce(category, 'unknown') AS category
        FROM (SELECT DISTINCT date, product_id FROM facts)
        ASOF LEFT JOIN (SELECT product_id, date, category FROM categories) USING (product_id, date)
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

    ``categories`` is ``silver.product_categories`` up to then, ``days`` holds ``EVENTS_UP_TO_DAYS``.
    """
    rows = run_sql(_SQL, **activity._asdict(), categories=categories, days=days)
    return contracted(rows, GOLD_CATEGORY_DAILY)
