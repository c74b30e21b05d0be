"""silver.customer_visitors: when which customer was seen on which visitor (browser), and so whose a visitor is.

Grain: one stretch of one day in which events of a visitor name one customer, none of another between; key: visitor and
first event. Of two customers named at one instant the one of the greater event id counts.

Whose a visitor is at a time t: of the customer seen last at or before t; before the first customer was seen, of that
first one; of nobody where none ever was. A table of days knows what was seen up to the end of its day, so that what
it says of a day does not change with a later one. An order that names nobody is nobody's, whoever owns the browser:
money is not guessed.
"""

from __future__ import annotations

import pyarrow as pa

from contracts.tables import SILVER_CUSTOMER_VISITORS
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql

EVENTS_NAMING_CUSTOMERS = """
    SELECT occurred_at::DATE AS date, count(*) AS source_events
    FROM clickstream_events
    WHERE customer_id IS NOT NULL
    GROUP BY date
"""

_SQL = f"""
    WITH days AS ({EVENTS_NAMING_CUSTOMERS}),
    named AS (
        SELECT
            occurred_at::DATE AS date,
            visitor_id,
            occurred_at,
            arg_max(customer_id, event_id) AS customer_id,
            count(*) AS events
        FROM clickstream_events
        WHERE customer_id IS NOT NULL
        GROUP BY visitor_id, occurred_at
    ),
    changes AS (
        SELECT *, customer_id IS DISTINCT FROM lag(customer_id) OVER of_visitor AS is_change
        FROM named
        WINDOW of_visitor AS (PARTITION BY date, visitor_id ORDER BY occurred_at)
    ),
    stretches AS (
        SELECT *, count_if(is_change) OVER (PARTITION BY date, visitor_id ORDER BY occurred_at) AS stretch
        FROM changes
    )
    SELECT
        date,
        visitor_id,
        any_value(customer_id) AS customer_id,
        min(occurred_at) AS first_seen_at,
        max(occurred_at) AS last_seen_at,
        sum(events) AS event_count,
        source_events
    FROM stretches JOIN days USING (date)
    GROUP BY date, visitor_id, stretch, source_events
"""


def customer_visitors(clickstream_events: Rows) -> pa.Table:
    """Return one row per visitor and stretch of whole days of silver."""
    return contracted(run_sql(_SQL, clickstream_events=clickstream_events), SILVER_CUSTOMER_VISITORS)


def with_owner(events: str) -> str:
    """Return SQL for the rows of the query ``events`` with ``owner_id``: whose the row's visitor was at its time.

    The query reads the table ``customer_visitors`` up to the rows' last day.
    """
    return f"""
        SELECT
            event.*,
            coalesce(seen.customer_id, if(first.date <= event.occurred_at::DATE, first.customer_id, NULL)) AS owner_id
        FROM ({events}) AS event
        ASOF LEFT JOIN customer_visitors AS seen
            ON event.visitor_id = seen.visitor_id AND event.occurred_at >= seen.first_seen_at
        LEFT JOIN (
            SELECT visitor_id, min(date) AS date, arg_min(customer_id, first_seen_at) AS customer_id
            FROM customer_visitors
            GROUP BY visitor_id
        ) AS first ON event.visitor_id = first.visitor_id
    """
