"""gold.customer_features: what each customer bought and returned up to the end of a day.

Purchases and returns that name the customer, and nothing else: a guest's order on a customer's browser is nobody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from batch_processing.as_of import as_of_table, before_each
from batch_processing.product_facts import DEAL_LINES
from contracts.tables import GOLD_CUSTOMER_FEATURES
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql

_SQL = f"""
    WITH deal_lines AS ({before_each(DEAL_LINES)})
    SELECT
        customer_id,
        as_of,
        min(days_ago) FILTER (sold) AS recency_days,
        max(days_ago) FILTER (sold) AS tenure_days,
        count(DISTINCT event_id) FILTER (sold) AS order_count,
        coalesce(sum(quantity) FILTER (sold), 0) AS unit_count,
        round(coalesce(sum(amount) FILTER (sold), 0), 2) AS revenue,
        sum(amount) FILTER (sold) / order_count AS mean_order_value,
        sum(amount) FILTER (sold) / unit_count AS mean_unit_price,
        count(DISTINCT product_id) FILTER (sold) AS distinct_product_count,
        count(DISTINCT event_id) FILTER (NOT sold) AS return_count,
        round(coalesce(sum(amount) FILTER (NOT sold), 0), 2) AS refunded
    FROM deal_lines
    WHERE customer_id IS NOT NULL
    GROUP BY customer_id, as_of
"""


def customer_features(clickstream_events: Rows, pos_events: Rows, as_ofs: Sequence[datetime]) -> pa.Table:
    """Return one row per customer and ``as_of``, from orders, sales and returns before it that name the customer.

    Recency, tenure and means are null for a customer who only returned something.
    """
    rows = run_sql(_SQL, clickstream_events=clickstream_events, pos_events=pos_events, as_ofs=as_of_table(as_ofs))
    return contracted(rows, GOLD_CUSTOMER_FEATURES)
