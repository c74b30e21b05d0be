"""The live counters from the lake's events, as of any moment: the second spelling of ``effects`` and ``cells``."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa

from data_lake.sql import Rows, run_sql
from feature_store.live.cells import PRODUCT_MEASURES, VISITOR_MEASURES
from feature_store.live.windows import LONGEST, WINDOWS

_VISITOR_FACTS = """
    SELECT
        visitor_id AS id,
        epoch_us(occurred_at) // 1000000 AS second,
        1 AS events,
        (event_type = 'product_viewed')::INTEGER AS product_views,
        (event_type = 'product_added_to_cart')::INTEGER AS cart_adds,
        (event_type = 'order_placed')::INTEGER AS orders,
        CASE WHEN event_type = 'order_placed'
            THEN list_sum([line.quantity * line.unit_price::DECIMAL(28, 4) FOR line IN lines]) ELSE 0
        END AS revenue
    FROM events
    WHERE event_type <> 'recommendations_shown'
"""
_PRODUCT_FACTS = """
    SELECT
        product_id AS id,
        epoch_us(occurred_at) // 1000000 AS second,
        (event_type = 'product_viewed')::INTEGER AS views,
        (event_type = 'product_added_to_cart')::INTEGER AS cart_adds,
        0 AS orders,
        0 AS units
    FROM events
    WHERE event_type IN ('product_viewed', 'product_added_to_cart')
    UNION ALL
    SELECT line.product_id, epoch_us(occurred_at) // 1000000, 0, 0, 1, sum(line.quantity)
    FROM (SELECT event_id, occurred_at, unnest(lines) AS line FROM events WHERE event_type = 'order_placed')
    GROUP BY event_id, line.product_id, occurred_at
"""


def visitor_windows(events: Rows, now: datetime) -> pa.Table:
    """Return ``id`` and every visitor counter at ``now`` from rows of ``silver.clickstream_events``.

    One row for each visitor with an event within the longest window; ``revenue`` in the shop's currency.
    """
    return _windows(_VISITOR_FACTS, VISITOR_MEASURES, events, now)


def product_windows(events: Rows, now: datetime) -> pa.Table:
    """Return ``id`` and every product counter at ``now``, like ``visitor_windows``."""
    return _windows(_PRODUCT_FACTS, PRODUCT_MEASURES, events, now)


def _windows(facts: str, measures: tuple[str, ...], events: Rows, now: datetime) -> pa.Table:
    now_s = int(now.timestamp())
    sums = ", ".join(
        f"coalesce(sum({measure}) FILTER (second >= {window.first_second(now_s)}), 0)::DOUBLE"
        f" AS {measure}_{window.name}"
        for window in WINDOWS
        for measure in measures
    )
    within = f"second BETWEEN {LONGEST.first_second(now_s)} AND {now_s}"
    query = f"SELECT id, {sums} FROM ({facts}) WHERE {within} GROUP BY id"  # noqa: S608 - made of constants
    return run_sql(query, events=events)
