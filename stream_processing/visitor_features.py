"""``gold.visitor_features``: what is known of a visitor as of the visitor's last event."""

from __future__ import annotations

import pyarrow as pa

from contracts.tables import GOLD_VISITOR_FEATURES
from data_lake.schemas import contracted
from data_lake.sql import run_sql

_RECENT_PRODUCTS = 20

_VISITOR_FEATURES = f"""
    WITH seen AS (
        SELECT
            visitor_id,
            occurred_at,
            event_id,
            unnest(product_ids) AS product_id,
            generate_subscripts(product_ids, 1) AS place
        FROM events
    ),
    last_seen AS (
        FROM seen
        QUALIFY row_number() OVER (
            PARTITION BY visitor_id, product_id ORDER BY occurred_at DESC, event_id DESC, place DESC
        ) = 1
    ),
    recent AS (
        SELECT
            visitor_id,
            list(product_id ORDER BY occurred_at DESC, event_id DESC, place DESC)[:{_RECENT_PRODUCTS}] AS product_ids
        FROM last_seen
        GROUP BY visitor_id
    )
    SELECT
        visitor_id,
        max(occurred_at) AS occurred_at,
        last(customer_id ORDER BY occurred_at, event_id) FILTER (customer_id IS NOT NULL) AS customer_id,
        last(session_id ORDER BY session_number) AS session_id,
        max(session_number) AS session_count,
        count(*) AS event_count,
        count_if(event_type = 'product_viewed') AS product_view_count,
        count_if(event_type = 'product_added_to_cart') AS cart_add_count,
        count_if(event_type = 'order_placed') AS order_count,
        round(coalesce(sum(amount), 0), 2) AS revenue,
        min(occurred_at) AS first_seen_at,
        coalesce(any_value(recent.product_ids), []) AS recent_product_ids
    FROM events LEFT JOIN recent USING (visitor_id)
    GROUP BY visitor_id
"""  # noqa: S608 - made of constants


def visitor_features(events: pa.Table) -> pa.Table:
    """Return the table's rows from ``sessions.sessionized`` events."""
    return contracted(run_sql(_VISITOR_FEATURES, events=events), GOLD_VISITOR_FEATURES)
