"""The features of a running session, at each of its events, for training. Live: ``feature_store.live.session``."""

from __future__ import annotations

import pyarrow as pa

from contracts.tables import GOLD_SESSION_TRAINING_ROWS
from data_lake.schemas import typed
from data_lake.sql import Rows, run_sql

# What the shop shows by itself is no activity of the visitor.
IS_ACTIVITY = "event_type <> 'recommendations_shown'"

_SESSION_FEATURES = """
    WITH earlier AS (
        SELECT
            session_id,
            row_number() OVER of_visitor - 1 AS prior_session_count,
            (sum(order_count) OVER of_visitor - order_count)::BIGINT AS prior_order_count,
            count(customer_id) OVER of_visitor > (customer_id IS NOT NULL)::INTEGER AS was_known
        FROM sessions
        WINDOW of_visitor AS (PARTITION BY visitor_id ORDER BY started_at ROWS UNBOUNDED PRECEDING)
    ),
    prepared AS (
        SELECT
            *,
            event_type = 'order_placed' AS is_order,
            product_id IS NOT NULL AND row_number() OVER of_product = 1 AS is_first_sight,
            CASE WHEN event_type = 'product_viewed' THEN unit_price END AS viewed_price,
            CASE event_type WHEN 'product_added_to_cart' THEN 1 WHEN 'product_removed_from_cart' THEN -1 ELSE 0 END
            * coalesce(quantity, 0)::DECIMAL(18, 0)
            * coalesce(unit_price, last_value(price_in_cart IGNORE NULLS) OVER of_product, 0) AS cart_change
        FROM (
            SELECT *, CASE WHEN event_type = 'product_added_to_cart' THEN unit_price END AS price_in_cart FROM events
        )
        WINDOW of_product AS (
            PARTITION BY session_id, product_id ORDER BY occurred_at, event_id ROWS UNBOUNDED PRECEDING
        )
    )
    SELECT
        session_id,
        row_number() OVER so_far AS event_number,
        visitor_id,
        event_id,
        occurred_at,
        count(*) OVER so_far AS event_count,
        count_if(event_type = 'page_viewed') OVER so_far AS page_view_count,
        count_if(event_type = 'product_viewed') OVER so_far AS product_view_count,
        count_if(is_first_sight) OVER so_far AS distinct_product_count,
        count_if(event_type = 'search_performed') OVER so_far AS search_count,
        count_if(event_type = 'product_added_to_cart') OVER so_far AS cart_add_count,
        count_if(event_type = 'product_removed_from_cart') OVER so_far AS cart_remove_count,
        count_if(event_type = 'checkout_started') OVER so_far AS checkout_count,
        greatest(sum(cart_change) OVER so_far, 0)::DOUBLE AS cart_value,
        (sum(viewed_price) OVER so_far)::DOUBLE / nullif(count(viewed_price) OVER so_far, 0) AS mean_viewed_price,
        (max(viewed_price) OVER so_far)::DOUBLE AS max_viewed_price,
        (epoch_us(occurred_at) - min(epoch_us(occurred_at)) OVER so_far) / 1e6 AS duration_s,
        coalesce((epoch_us(occurred_at) - lag(epoch_us(occurred_at)) OVER so_far) / 1e6, 0) AS since_last_event_s,
        hour(occurred_at) AS hour_of_day,
        isodow(occurred_at) AS day_of_week,
        (was_known OR count(customer_id) OVER so_far > 0)::INTEGER AS is_known_customer,
        prior_session_count,
        prior_order_count,
        max(occurred_at) OVER in_session AS ended_at,
        count_if(is_order) OVER in_session > count_if(is_order) OVER so_far AS ordered_later
    FROM prepared JOIN earlier USING (session_id)
    WINDOW
        in_session AS (PARTITION BY session_id),
        so_far AS (PARTITION BY session_id ORDER BY occurred_at, event_id ROWS UNBOUNDED PRECEDING)
"""


def session_features(events: Rows, sessions: Rows) -> pa.Table:
    """Return for each event the features at that moment, with ``event_number``, ``ended_at`` and ``ordered_later``.

    ``events`` are all activities of some sessions, each with its ``session_id``; ``sessions`` are rows of
    ``silver.sessions``: those, and every earlier one of their visitors. Every feature looks at the session's events
    up to and with the row's own, ``is_known_customer`` and the ``prior_`` features at the visitor's whole past as
    well. ``distinct_product_count`` counts the products of views, cart changes and clicks. An event without a price
    takes the cart's last price of its product, else 0.
    """
    return typed(run_sql(_SESSION_FEATURES, events=events, sessions=sessions), GOLD_SESSION_TRAINING_ROWS)
