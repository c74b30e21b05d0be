"""gold.store_features: each store's trade up to the end of a day. Windows are whole days back from ``as_of``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from batch_processing.as_of import as_of_table, before_each
from contracts.tables import GOLD_STORE_FEATURES
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql

_DEALS = """
    SELECT
        occurred_at,
        store_id,
        customer_id,
        event_type = 'pos_transaction_completed' AS sold,
        [line.product_id FOR line IN lines] AS product_ids,
        list_sum([line.quantity FOR line IN lines]) AS units,
        list_sum([line.quantity * line.unit_price::DECIMAL(38, 4) FOR line IN lines]) AS amount
    FROM pos_events
"""

_SOLD_30D = "FILTER (sold AND days_ago <= 30)"
_RETURNED_30D = "FILTER (NOT sold AND days_ago <= 30)"
_SQL = f"""
    SELECT
        store_id,
        as_of,
        max(days_ago) AS age_days,
        min(days_ago) FILTER (sold) AS days_since_sale,
        count(*) FILTER (sold AND days_ago <= 1) AS sales_1d,
        count(*) FILTER (sold AND days_ago <= 7) AS sales_7d,
        count(*) {_SOLD_30D} AS sales_30d,
        sales_7d / nullif(count(*) FILTER (sold AND days_ago <= 14) - sales_7d, 0) AS sales_trend_ratio_7d,
        coalesce(sum(units) {_SOLD_30D}, 0)::BIGINT AS units_sold_30d,
        round(coalesce(sum(amount) FILTER (sold AND days_ago <= 7), 0), 2) AS revenue_7d,
        round(coalesce(sum(amount) {_SOLD_30D}, 0), 2) AS revenue_30d,
        sum(amount) {_SOLD_30D} / sales_30d AS mean_sale_value_30d,
        units_sold_30d / nullif(sales_30d, 0) AS mean_sale_unit_count_30d,
        len(list_distinct(flatten(coalesce(list(product_ids) {_SOLD_30D}, [])))) AS distinct_products_30d,
        count(DISTINCT customer_id) {_SOLD_30D} AS known_customers_30d,
        count(customer_id) {_SOLD_30D} / nullif(sales_30d, 0) AS known_customer_ratio_30d,
        count(*) FILTER (sold AND days_ago <= 30 AND isodow(occurred_at) >= 6) / nullif(sales_30d, 0)
            AS weekend_sale_ratio_30d,
        count(*) {_RETURNED_30D} AS returns_30d,
        round(coalesce(sum(amount) {_RETURNED_30D}, 0), 2) AS refunded_30d,
        coalesce(sum(units) {_RETURNED_30D}, 0)::BIGINT / nullif(units_sold_30d, 0) AS return_ratio_30d
    FROM ({before_each(_DEALS)})
    GROUP BY store_id, as_of
"""


def store_features(pos_events: Rows, as_ofs: Sequence[datetime]) -> pa.Table:
    """Return one row per store and ``as_of`` with a sale or return before it."""
    return contracted(run_sql(_SQL, pos_events=pos_events, as_ofs=as_of_table(as_ofs)), GOLD_STORE_FEATURES)
