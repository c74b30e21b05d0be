"""``silver.sessions``: activity of one visitor with no gap over 30 minutes.

A session is a bot's where 20 of its events lie within 60 s, or where it has 30 or more at nearly constant gaps: their
standard deviation is below a tenth of their mean. The fastest of 4,504 real visitors (REES46) has 12 within 60 s, and
the steadiest of those with 30 or more a standard deviation of 0.6 means. Times in whole minutes or days would make
people look like bots.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.dataset as ds

from contracts.tables import SILVER_SESSIONS
from data_lake.schemas import contracted
from data_lake.sql import run_sql
from feature_store.session_features import IS_ACTIVITY

# The columns of silver.clickstream_events that sessions and what follows from them are made of.
EVENT_COLUMNS = (
    *("visitor_id", "event_id", "event_type", "occurred_at", "customer_id", "device", "country"),
    *("product_id", "quantity", "unit_price", "lines"),
)

# Order is by time, then by event id. No event id holds a bar, so two visitors cannot share a session id.
_SESSIONIZED = f"""
    WITH activity AS (
        SELECT
            {", ".join(EVENT_COLUMNS)},
            epoch_us(occurred_at) - lag(epoch_us(occurred_at)) OVER by_visitor AS gap_us
        FROM events
        WHERE {IS_ACTIVITY}
        WINDOW by_visitor AS (PARTITION BY visitor_id ORDER BY occurred_at, event_id)
    ),
    numbered AS (
        SELECT *, (sum(if(gap_us <= 30 * 60 * 1000000, 0, 1)) OVER by_visitor)::INTEGER AS session_number
        FROM activity
        WINDOW by_visitor AS (PARTITION BY visitor_id ORDER BY occurred_at, event_id)
    )
    SELECT
        * EXCLUDE (gap_us, lines),
        if(gap_us <= 30 * 60 * 1000000, gap_us, NULL) AS gap_us,
        epoch_us(occurred_at) - lag(epoch_us(occurred_at), 19) OVER in_session AS last_20_us,
        sha256(visitor_id || '|' || first_value(event_id) OVER in_session) AS session_id,
        list_sum([line.quantity * line.unit_price::DECIMAL(28, 4) FOR line IN lines]) AS amount,
        CASE
            WHEN event_type = 'order_placed' THEN [line.product_id FOR line IN lines]
            WHEN event_type IN ('product_viewed', 'product_added_to_cart', 'recommendation_clicked') THEN [product_id]
            ELSE []
        END AS product_ids
    FROM numbered
    WINDOW in_session AS (PARTITION BY visitor_id, session_number ORDER BY occurred_at, event_id)
"""  # noqa: S608 - made of constants

_SESSIONS = """
    SELECT
        session_id,
        visitor_id,
        last(customer_id ORDER BY occurred_at, event_id) FILTER (customer_id IS NOT NULL) AS customer_id,
        last(device ORDER BY occurred_at, event_id) FILTER (device IS NOT NULL) AS device,
        last(country ORDER BY occurred_at, event_id) FILTER (country IS NOT NULL) AS country,
        min(occurred_at) AS started_at,
        max(occurred_at) AS ended_at,
        count(*) AS event_count,
        count_if(event_type = 'product_viewed') AS product_view_count,
        count_if(event_type = 'product_added_to_cart') AS cart_add_count,
        count_if(event_type = 'product_removed_from_cart') AS cart_remove_count,
        count_if(event_type = 'search_performed') AS search_count,
        count_if(event_type = 'order_placed') AS order_count,
        round(coalesce(sum(amount), 0), 2) AS revenue,
        flatten(list(product_ids ORDER BY occurred_at, event_id)) AS product_ids,
        coalesce(min(last_20_us) <= 60 * 1000000, false)
        OR (count(*) >= 30 AND stddev_pop(gap_us) < 0.1 * avg(gap_us)) AS is_bot
    FROM events
    GROUP BY session_id, visitor_id
"""


def sessionized(events: pa.Table | ds.Dataset) -> pa.Table:
    """Return the activity among rows of ``silver.clickstream_events`` with its session.

    Adds ``session_number`` (from 1 for each visitor), ``session_id``, ``amount`` (of an order, exact to four places),
    ``product_ids`` (none for a page, one for a view, every line's for an order), ``gap_us`` since the session's event
    before, and ``last_20_us``, how long the session took for 20 events up to this one. ``events`` must hold everything
    of each visitor in it: a late event can join two sessions or move a start, and the ids follow.
    """
    return run_sql(_SESSIONIZED, events=events)


def sessions(events: pa.Table) -> pa.Table:
    """Return the table's rows from ``sessionized`` events; the revenue is rounded once."""
    return contracted(run_sql(_SESSIONS, events=events), SILVER_SESSIONS)
