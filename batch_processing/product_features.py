"""gold.product_features: each product's last price and its demand up to the end of a day. Without what bots look at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from batch_processing.as_of import as_of_table, before_each
from batch_processing.product_facts import PRODUCT_FACTS
from batch_processing.silver import Activity
from contracts.tables import GOLD_PRODUCT_FEATURES
from data_lake.schemas import contracted
from data_lake.sql import run_sql

# arg_max passes over nulls: the last known value; the event id decides between events of one instant.
_SQL = f"""
    WITH facts AS ({before_each(PRODUCT_FACTS)})
    SELECT
        product_id,
        as_of,
        arg_max(category, (occurred_at, event_id, category)) AS category,
        arg_max(brand, (occurred_at, event_id, brand)) AS brand,
        arg_max(unit_price, (occurred_at, event_id, unit_price)) AS unit_price,
        count(*) FILTER (event_type = 'product_viewed' AND days_ago <= 1) AS views_1d,
        count(*) FILTER (event_type = 'product_viewed' AND days_ago <= 7) AS views_7d,
        count(*) FILTER (event_type = 'product_viewed' AND days_ago <= 30) AS views_30d,
        count(*) FILTER (event_type = 'product_added_to_cart' AND days_ago <= 30) AS cart_adds_30d,
        count(DISTINCT event_id) FILTER (sold AND days_ago <= 30) AS orders_30d,
        coalesce(sum(quantity) FILTER (sold AND days_ago <= 30), 0) AS units_sold_30d,
        round(coalesce(sum(amount) FILTER (sold AND days_ago <= 30), 0), 2) AS revenue_30d,
        count(DISTINCT event_id) FILTER (event_type = 'order_placed' AND days_ago <= 30) / nullif(views_30d, 0)
            AS conversion_ratio_30d
    FROM facts
    GROUP BY product_id, as_of
"""


def product_features(activity: Activity, as_ofs: Sequence[datetime]) -> pa.Table:
    """Return one row per product ever seen before ``as_of``; windows are whole days back from ``as_of``."""
    rows = run_sql(_SQL, **activity._asdict(), as_ofs=as_of_table(as_ofs))
    return contracted(rows, GOLD_PRODUCT_FEATURES)
