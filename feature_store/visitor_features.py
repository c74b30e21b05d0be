"""The features of a visitor as of the visitor's last event, from the lake. Live: ``feature_store.live.visitor``."""

from __future__ import annotations

import pyarrow as pa

from contracts.tables import GOLD_VISITOR_FEATURES
from data_lake.schemas import typed
from data_lake.sql import Rows, run_sql

_RECENT_PRODUCTS = 20

_VISITOR_FEATURES = f"""
    WITH seen AS (
        SELECT visitor_id, started_at, unnest(product_ids) AS product_id, generate_subscripts(product_ids, 1) AS place
        FROM sessions
    ),
    last_seen AS (
        SELECT visitor_id, product_id, max((started_at, place)) AS seen_at FROM seen GROUP BY visitor_id, product_id
    ),
    recent AS (
        SELECT visitor_id, list(product_id ORDER BY seen_at DESC)[:{_RECENT_PRODUCTS}] AS product_ids
        FROM last_seen
        GROUP BY visitor_id
    )
    SELECT
        visitor_id,
        max(ended_at) AS occurred_at,
        last(customer_id ORDER BY started_at) FILTER (customer_id IS NOT NULL) AS customer_id,
        last(session_id ORDER BY started_at) AS session_id,
        count(*)AS session_count,
        sum(event_count)AS event_count,
        sum(product_view_count)AS product_view_count,
        sum(cart_add_count)AS cart_add_count,
        sum(order_count)AS order_count,
        sum(revenue) AS revenue,
        min(started_at) AS first_seen_at,
        coalesce(any_value(recent.product_ids), []) AS recent_product_ids
    FROM sessions LEFT JOIN recent USING (visitor_id)
    GROUP BY visitor_id
"""  # noqa: S608 - made of constants


def visitor_features(sessions: Rows) -> pa.Table:
    """Return one row per visitor from all of the visitors' rows of ``silver.sessions``.

    ``revenue`` is the sum of the sessions' rounded ones.
    """
    return typed(run_sql(_VISITOR_FEATURES, sessions=sessions), GOLD_VISITOR_FEATURES)
