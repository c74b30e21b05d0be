"""gold.funnel_daily: how far the sessions of each day went, by device. Those of bots are left out."""

from __future__ import annotations

import pyarrow as pa

from batch_processing.source_events import of_day, up_to_day
from contracts.tables import GOLD_FUNNEL_DAILY
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql

EVENTS_OF_SESSIONS = """
    SELECT started_at::DATE AS date, sum(event_count)::BIGINT AS source_events FROM sessions GROUP BY date
"""
SESSIONS_OF_PEOPLE = """
    SELECT started_at::DATE AS date, count(*) AS source_events FROM sessions WHERE is_bot IS NOT TRUE GROUP BY date
"""

# A late event can move a session to the day before, and then the day's own sum could hide it.
EVENTS_UP_TO_DAYS = up_to_day("session_events")

# The days with a row here.
EVENTS_OF_PEOPLE = f"SELECT * FROM ({EVENTS_UP_TO_DAYS}) SEMI JOIN ({of_day('sessions_of_people')}) USING (date)"

_SQL = """
    WITH checked_out AS (
        SELECT DISTINCT session_id
        FROM sessions JOIN clickstream_events AS event USING (visitor_id)
        WHERE event_type = 'checkout_started' AND occurred_at BETWEEN started_at AND ended_at
    )
    SELECT
        date,
        coalesce(device, 'unknown') AS device,
        count(*) AS sessions,
        count_if(product_view_count > 0) AS with_view,
        count_if(cart_add_count > 0) AS with_cart,
        count(checked_out.session_id) AS with_checkout,
        count_if(order_count > 0) AS with_order,
        with_view / count(*) AS view_ratio,
        with_cart / count(*) AS cart_ratio,
        with_checkout / count(*) AS checkout_ratio,
        with_order / count(*) AS order_ratio,
        source_events
    FROM sessions JOIN days ON started_at::DATE = date LEFT JOIN checked_out USING (session_id)
    WHERE is_bot IS NOT TRUE
    GROUP BY date, coalesce(device, 'unknown'), source_events
"""


def funnel_daily(sessions: Rows, clickstream_events: Rows, days: Rows) -> pa.Table:
    """Return one row per day (UTC) and device, from sessions that started on the days and the checkouts within them.

    ``clickstream_events`` must reach from the first session's start to the last one's end; ``days`` holds
    ``EVENTS_OF_PEOPLE``.
    """
    rows = run_sql(_SQL, sessions=sessions, clickstream_events=clickstream_events, days=days)
    return contracted(rows, GOLD_FUNNEL_DAILY)
