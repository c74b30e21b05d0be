"""What each customer bought and returned up to the end of a day: the part of ``gold.customer_features`` from deals.

Purchases and returns that name the customer, and nothing else: a guest's order on a customer's browser is nobody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from batch_processing.as_of import as_of_table, before_each
from batch_processing.product_facts import DEAL_LINES
from data_lake.sql import Rows, run_sql


def _order_ratio(condition: str) -> str:
    """Return SQL for the share of orders and sales that fulfil a condition."""
    return f"count(*) FILTER (sold AND {condition}) / nullif(order_count, 0)"


# Hours and weekdays are UTC's: connections are set to it.
_SQL = f"""
    WITH deal_lines AS ({before_each(DEAL_LINES)}),
    bought AS (
        SELECT customer_id, as_of, count(DISTINCT product_id) FILTER (sold) AS distinct_product_count
        FROM deal_lines
        GROUP BY customer_id, as_of
    ),
    deals AS (
        SELECT
            customer_id, as_of, event_id, event_type, sold, occurred_at, days_ago,
            sum(quantity)::BIGINT AS units,
            sum(amount) AS amount
        FROM deal_lines
        WHERE customer_id IS NOT NULL
        GROUP BY ALL
    )
    SELECT
        customer_id,
        as_of,
        min(days_ago) FILTER (sold) AS recency_days,
        max(days_ago) FILTER (sold) AS tenure_days,
        max(occurred_at) FILTER (sold) AS last_order_at,
        count(*) FILTER (sold) AS order_count,
        count(*) FILTER (sold AND days_ago <= 30) AS orders_30d,
        count(*) FILTER (sold AND days_ago <= 90) AS orders_90d,
        (tenure_days - recency_days) / nullif(order_count - 1, 0) AS mean_order_gap_days,
        coalesce(sum(units) FILTER (sold), 0)::BIGINT AS unit_count,
        round(coalesce(sum(amount) FILTER (sold), 0), 2) AS revenue,
        round(coalesce(sum(amount) FILTER (sold AND days_ago <= 30), 0), 2) AS revenue_30d,
        round(coalesce(sum(amount) FILTER (sold AND days_ago <= 90), 0), 2) AS revenue_90d,
        sum(amount) FILTER (sold) / order_count AS mean_order_value,
        max(amount) FILTER (sold) AS max_order_value,
        sum(amount) FILTER (sold) / unit_count AS mean_unit_price,
        any_value(distinct_product_count) AS distinct_product_count,
        {_order_ratio("event_type = 'pos_transaction_completed'")} AS store_order_ratio,
        {_order_ratio("isodow(occurred_at) >= 6")} AS weekend_order_ratio,
        {_order_ratio("hour(occurred_at) < 6")} AS night_order_ratio,
        {_order_ratio("hour(occurred_at) BETWEEN 6 AND 11")} AS morning_order_ratio,
        {_order_ratio("hour(occurred_at) BETWEEN 12 AND 17")} AS afternoon_order_ratio,
        {_order_ratio("hour(occurred_at) >= 18")} AS evening_order_ratio,
        count(*) FILTER (NOT sold) AS return_count,
        round(coalesce(sum(amount) FILTER (NOT sold), 0), 2) AS refunded,
        coalesce(sum(units) FILTER (NOT sold), 0) / nullif(unit_count, 0) AS unit_return_ratio
    FROM deals JOIN bought USING (customer_id, as_of)
    GROUP BY customer_id, as_of
"""


def customer_purchases(clickstream_events: Rows, pos_events: Rows, as_ofs: Sequence[datetime]) -> pa.Table:
    """Return one row per customer and ``as_of``, from orders, sales and returns before it that name the customer.

    Recency, tenure, means and ratios are null for a customer who only returned something.
    """
    return run_sql(_SQL, clickstream_events=clickstream_events, pos_events=pos_events, as_ofs=as_of_table(as_ofs))
