"""silver.product_categories: the last category that events of a day name for each product.

Grain: one product and day (UTC) with a category; key: both. What bots look at names none.
"""

from __future__ import annotations

import pyarrow as pa

from batch_processing.product_facts import PRODUCT_FACTS
from batch_processing.silver import Activity
from contracts.tables import SILVER_PRODUCT_CATEGORIES
from data_lake.schemas import contracted
from data_lake.sql import run_sql

FACTS_WITH_CATEGORY = f"""
    SELECT occurred_at::DATE AS date, count(*) AS source_events
    FROM ({PRODUCT_FACTS})
    WHERE category IS NOT NULL
    GROUP BY date
"""

_SQL = f"""
    WITH facts AS (SELECT *, occurred_at::DATE AS date FROM ({PRODUCT_FACTS}) WHERE category IS NOT NULL)
    SELECT
        product_id, date, arg_max(category, (occurred_at, event_id, category)) AS category, source_events
    FROM facts JOIN ({FACTS_WITH_CATEGORY}) USING (date)
    GROUP BY product_id, date, source_events
"""


def product_categories(activity: Activity) -> pa.Table:
    """Return one row per product and day (UTC) of whole days of silver."""
    return contracted(run_sql(_SQL, **activity._asdict()), SILVER_PRODUCT_CATEGORIES)
