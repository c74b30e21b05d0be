"""gold.funnel_daily: how far the sessions of each day went, by device. Those of bots are left out."""

from __future__ import annotations

import pyarrow as pa

from contracts.tables import GOLD_FUNNEL_DAILY
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql

# Up to the end of the day: a late event can move a session to the day before, and then the day's own sum could hide it.
# Those of bots count twice, so that the sum grows also where people turn out to be bots.
EVENTS_OF_SESSIONS = """
    SELECT date, (sum(sum(weight * event_count)) OVER (ORDER BY date))::BIGINT AS source_events
    FROM (SELECT started_at::DATE AS date, event_count, if(is_bot, 2, 1) AS weight FROM sessions)
    GROUP BY date
    QUALIFY min(weight) = 1
"""

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
    WHERE NOT is_bot
    GROUP BY date, coalesce(device, 'unknown'), source_events
"""


def funnel_daily(sessions: Rows, clickstream_events: Rows, days: Rows) -> pa.Table:
    """Return one row per day (UTC) and device, from sessions that started on the days and the checkouts within them.

    ``clickstream_events`` must reach from the first session's start to the last one's end; ``days`` holds
    ``EVENTS_OF_SESSIONS``.
    """
    rows = run_sql(_SQL, sessions=sessions, clickstream_events=clickstream_events, days=days)
    return contracted(rows, GOLD_FUNNEL_DAILY)
