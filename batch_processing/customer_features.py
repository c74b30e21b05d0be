"""gold.customer_features: how each customer buys, returns and browses, up to the end of a day.

Three parts, each from one table: deals (``customer_purchases``), lines sold with their prices and promotions, and
sessions. A session counts once it is closed: one that may go on after ``as_of`` would change the past.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from batch_processing.as_of import as_of_table, before_each
from batch_processing.customer_purchases import customer_purchases
from batch_processing.silver import Events
from contracts.tables import GOLD_CUSTOMER_FEATURES
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql

# The mean price is kept as a decimal: sums of doubles would depend on the order of rows.
_BOUGHT = f"""
    WITH lines AS ({before_each("FROM transaction_lines")}),
    priced AS (
        SELECT as_of, category, (sum(quantity * unit_price) / sum(quantity))::DECIMAL(18, 4) AS mean_price
        FROM lines
        WHERE category IS NOT NULL
        GROUP BY as_of, category
    ),
    favourites AS (
        SELECT customer_id, as_of, first(category ORDER BY units DESC, category) AS favourite_category
        FROM (
            SELECT customer_id, as_of, category, sum(quantity) AS units
            FROM lines
            WHERE category IS NOT NULL
            GROUP BY customer_id, as_of, category
        )
        GROUP BY customer_id, as_of
    )
    SELECT
        customer_id,
        as_of,
        count(DISTINCT category) AS distinct_category_count,
        any_value(favourite_category) AS favourite_category,
        sum(quantity * unit_price) FILTER (mean_price IS NOT NULL) / nullif(sum(quantity * mean_price), 0)
            AS price_level_ratio,
        count(*) FILTER (len(promotion_ids) > 0) / count(*) AS promotion_ratio,
        1 - sum(quantity * unit_price) FILTER (own_price IS NOT NULL) / nullif(sum(quantity * own_price), 0)
            AS mean_discount_ratio
    FROM lines LEFT JOIN priced USING (as_of, category) LEFT JOIN favourites USING (customer_id, as_of)
    WHERE customer_id IS NOT NULL
    GROUP BY customer_id, as_of
"""

_BROWSED = f"""
    SELECT
        customer_id,
        as_of,
        count(*) AS session_count,
        count(*) FILTER (days_ago <= 30) AS sessions_30d,
        min(days_ago) AS last_seen_days,
        sum(event_count) / count(*) AS mean_session_event_count,
        sum(product_view_count) / count(*) AS mean_session_view_count,
        sum(epoch_us(ended_at) - epoch_us(started_at)) / count(*) / 1e6 AS mean_session_duration_s,
        count(*) FILTER (order_count > 0) / count(*) AS session_order_ratio,
        count(*) FILTER (cart_add_count > 0 AND order_count = 0) / nullif(count(*) FILTER (cart_add_count > 0), 0)
            AS abandoned_cart_ratio
    FROM ({before_each("SELECT *, ended_at AS occurred_at FROM sessions WHERE is_bot IS NOT true")})
    WHERE customer_id IS NOT NULL AND as_of - ended_at > INTERVAL 30 MINUTES
    GROUP BY customer_id, as_of
"""

_COUNTS = (
    *("order_count", "orders_30d", "orders_90d", "unit_count", "revenue", "revenue_30d", "revenue_90d"),
    *("distinct_product_count", "distinct_category_count", "return_count", "refunded"),
    *("session_count", "sessions_30d"),
)
_NO_COUNT_IS_0 = ", ".join(f"coalesce({name}, 0) AS {name}" for name in _COUNTS)
_SQL = f"""
    SELECT * REPLACE ({_NO_COUNT_IS_0})
    FROM purchases FULL JOIN browsed USING (customer_id, as_of) LEFT JOIN bought USING (customer_id, as_of)
"""


def customer_features(deals: Events, transaction_lines: Rows, sessions: Rows, as_ofs: Sequence[datetime]) -> pa.Table:
    """Return one row per customer and ``as_of`` with a deal or a closed session before it that names the customer.

    ``transaction_lines`` and ``sessions`` are rows of those tables of silver up to the last ``as_of``. Without a deal
    counts and sums are 0; means, ratios and ages that nothing is known of are null.
    """
    instants = as_of_table(as_ofs)
    rows = run_sql(
        _SQL,
        purchases=customer_purchases(*deals, as_ofs),
        bought=run_sql(_BOUGHT, transaction_lines=transaction_lines, as_ofs=instants),
        browsed=run_sql(_BROWSED, sessions=sessions, as_ofs=instants),
    )
    return contracted(rows, GOLD_CUSTOMER_FEATURES)
