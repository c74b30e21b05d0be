"""gold.product_features: each product's price, demand, stock and rating up to the end of a day.

Without what bots look at. Windows are whole days back from ``as_of``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from batch_processing.as_of import as_of_table, before_each
from batch_processing.product_facts import PRODUCT_FACTS
from batch_processing.silver import Activity
from contracts.tables import GOLD_PRODUCT_FEATURES
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql


def _within(days: int, condition: str) -> str:
    return f"FILTER ({condition} AND days_ago <= {days})"


def _views(days: int) -> str:
    return f"count(*) {_within(days, _IS_VIEW)} AS views_{days}d"


def _units(days: int) -> str:
    return f"coalesce(sum(quantity) {_within(days, 'sold')}, 0)::BIGINT AS units_sold_{days}d"


_IS_VIEW = "event_type = 'product_viewed'"
# arg_max passes over nulls: the last known value; the event id decides between events of one instant.
_DEMAND = f"""
    SELECT
        product_id,
        as_of,
        arg_max(category, (occurred_at, event_id, category)) AS seen_category,
        arg_max(brand, (occurred_at, event_id, brand)) AS seen_brand,
        arg_max(unit_price, (occurred_at, event_id, unit_price)) AS seen_price,
        max(days_ago) AS active_days,
        {", ".join(_views(days) for days in (1, 7, 14, 30, 60))},
        count(DISTINCT visitor_id) {_within(30, _IS_VIEW)} AS viewers_30d,
        count(*) {_within(30, "event_type = 'product_added_to_cart'")} AS cart_adds_30d,
        count(*) {_within(30, "event_type = 'product_removed_from_cart'")} AS cart_removes_30d,
        count(DISTINCT event_id) {_within(30, "sold")} AS orders_30d,
        count(DISTINCT event_id) {_within(30, "event_type = 'order_placed'")} AS online_orders_30d,
        {", ".join(_units(days) for days in (7, 14, 30))},
        round(coalesce(sum(amount) {_within(30, "sold")}, 0), 2) AS revenue_30d,
        min(days_ago) FILTER (sold) AS days_since_sale,
        coalesce(sum(quantity) {_within(30, "NOT sold")}, 0)::BIGINT AS units_returned_30d
    FROM ({before_each(PRODUCT_FACTS)})
    GROUP BY product_id, as_of
"""

_MASTER_DATA = f"""
    SELECT
        product_id,
        as_of,
        arg_max(category, (occurred_at, event_id)) AS master_category,
        arg_max(brand, (occurred_at, event_id)) AS master_brand,
        arg_max(list_price, (occurred_at, event_id)) AS list_price,
        arg_max(is_active, (occurred_at, event_id)) AS is_active,
        max(days_ago) AS listed_days
    FROM ({before_each("FROM inventory_events WHERE event_type = 'product_updated'")})
    GROUP BY product_id, as_of
"""

_STOCK = f"""
    SELECT
        product_id,
        as_of,
        sum(quantity)::BIGINT AS quantity_on_hand,
        count(*) FILTER (quantity > 0) AS stocked_location_count
    FROM (
        SELECT product_id, location_id, as_of, arg_max(quantity_on_hand, (occurred_at, event_id)) AS quantity
        FROM ({before_each("FROM inventory_events WHERE event_type = 'stock_level_changed'")})
        GROUP BY product_id, location_id, as_of
    )
    GROUP BY product_id, as_of
"""

_RATINGS = f"""
    SELECT product_id, as_of, count(*) AS review_count, sum(rating) / count(*) AS mean_rating
    FROM ({before_each("FROM review_events")})
    GROUP BY product_id, as_of
"""

# What is known from master data alone has no row of demand.
_COUNTS = (
    *(
        "views_1d",
        "views_7d",
        "views_14d",
        "views_30d",
        "views_60d",
        "viewers_30d",
        "cart_adds_30d",
        "cart_removes_30d",
    ),
    *("orders_30d", "units_sold_7d", "units_sold_14d", "units_sold_30d", "revenue_30d", "units_returned_30d"),
    "review_count",
)
_NO_COUNT_IS_0 = ", ".join(f"coalesce({name}, 0) AS {name}" for name in _COUNTS)
_SQL = f"""
    WITH known AS (
        SELECT
            *,
            coalesce(seen_category, master_category) AS category,
            coalesce(seen_brand, master_brand) AS brand,
            coalesce(seen_price, list_price) AS unit_price
        FROM demand FULL JOIN master_data USING (product_id, as_of)
    )
    SELECT
        * REPLACE ({_NO_COUNT_IS_0}),
        1 - unit_price::DOUBLE / nullif(list_price, 0) AS discount_ratio,
        CASE WHEN category IS NOT NULL AND unit_price IS NOT NULL THEN percent_rank() OVER by_price END
            AS price_rank_ratio,
        CASE WHEN category IS NOT NULL THEN sum(unit_price) OVER in_category / count(unit_price) OVER in_category END
            AS category_mean_price,
        unit_price::DOUBLE / nullif(category_mean_price, 0) AS category_price_ratio,
        greatest(active_days, listed_days) AS age_days,
        cart_adds_30d / nullif(views_30d, 0) AS cart_ratio_30d,
        online_orders_30d / nullif(views_30d, 0) AS conversion_ratio_30d,
        7 * views_1d / nullif(views_7d, 0) AS view_trend_ratio_1d,
        views_7d / nullif(views_14d - views_7d, 0) AS view_trend_ratio_7d,
        views_30d / nullif(views_60d - views_30d, 0) AS view_trend_ratio_30d,
        units_sold_7d / nullif(units_sold_14d - units_sold_7d, 0) AS sales_trend_ratio_7d,
        units_returned_30d / nullif(units_sold_30d, 0) AS return_ratio_30d,
        30 * quantity_on_hand / nullif(units_sold_30d, 0) AS cover_days
    FROM known LEFT JOIN stock USING (product_id, as_of) LEFT JOIN ratings USING (product_id, as_of)
    WINDOW
        in_category AS (PARTITION BY as_of, category),
        by_price AS (PARTITION BY as_of, category, unit_price IS NULL ORDER BY unit_price)
"""


def product_features(
    activity: Activity, inventory_events: Rows, review_events: Rows, as_ofs: Sequence[datetime]
) -> pa.Table:
    """Return one row per product seen in activity or master data before ``as_of``.

    All rows are those of silver up to the last ``as_of``.
    """
    instants = as_of_table(as_ofs)
    rows = run_sql(
        _SQL,
        demand=run_sql(_DEMAND, **activity._asdict(), as_ofs=instants),
        master_data=run_sql(_MASTER_DATA, inventory_events=inventory_events, as_ofs=instants),
        stock=run_sql(_STOCK, inventory_events=inventory_events, as_ofs=instants),
        ratings=run_sql(_RATINGS, review_events=review_events, as_ofs=instants),
    )
    return contracted(rows, GOLD_PRODUCT_FEATURES)
