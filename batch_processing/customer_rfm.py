"""gold.customer_rfm: how lately, how often and for how much each customer bought, up to the end of a day.

A day goes on from the last day built before it whose orders and sales are still as many: it costs what came since.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from batch_processing.as_of import as_of_table, before_each, days_before
from batch_processing.product_facts import DEAL_LINES
from contracts.tables import GOLD_CUSTOMER_RFM
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql

DEALS_OF_CUSTOMERS = """
    SELECT occurred_at::DATE AS date, count(*) AS source_events
    FROM (
        SELECT occurred_at, customer_id FROM clickstream_events WHERE event_type = 'order_placed'
        UNION ALL
        SELECT occurred_at, customer_id FROM pos_events WHERE event_type = 'pos_transaction_completed'
    )
    WHERE customer_id IS NOT NULL
    GROUP BY date
"""


def _score(window: str) -> str:
    """Return SQL for 1 to 5 by the share of customers before the row: ties share the lowest rank, so the score."""
    return f"1 + 5 * (rank() OVER {window} - 1) // count(*) OVER everyone"


_SQL = f"""
    WITH deals AS (
        SELECT customer_id, event_id, occurred_at, sum(amount) AS amount
        FROM ({DEAL_LINES})
        WHERE sold AND customer_id IS NOT NULL
        GROUP BY ALL
    ),
    bought AS (
        SELECT customer_id, as_of, 1 AS order_count, amount, occurred_at FROM ({before_each("FROM deals")})
        UNION ALL BY NAME
        SELECT customer_id, as_ofs.as_of, order_count, amount, last_order_at AS occurred_at FROM known CROSS JOIN as_ofs
    ),
    customers AS (
        SELECT
            customer_id,
            as_of,
            max(occurred_at) AS last_order_at,
            {days_before("as_of", "last_order_at")} AS recency_days,
            sum(order_count)::BIGINT AS order_count,
            sum(amount)::DECIMAL(38, 4) AS amount,
            round(sum(amount), 2) AS revenue
        FROM bought
        GROUP BY customer_id, as_of
    ),
    counted AS (
        SELECT as_of, coalesce(sum(source_events), 0)::BIGINT AS source_events
        FROM as_ofs LEFT JOIN days ON date < as_of
        GROUP BY as_of
    )
    SELECT
        *,
        {_score("by_recency")} AS recency_score,
        {_score("by_frequency")} AS frequency_score,
        {_score("by_revenue")} AS monetary_score
    FROM customers JOIN counted USING (as_of)
    WINDOW
        everyone AS (PARTITION BY as_of),
        by_recency AS (PARTITION BY as_of ORDER BY recency_days DESC),
        by_frequency AS (PARTITION BY as_of ORDER BY order_count),
        by_revenue AS (PARTITION BY as_of ORDER BY revenue)
"""

_LAST_TRUE = """
    SELECT max(as_of) AS as_of
    FROM (SELECT DISTINCT as_of, source_events FROM built) AS built
    WHERE source_events = (SELECT coalesce(sum(source_events), 0) FROM days WHERE date < built.as_of)
"""


def last_true(built: Rows, days: Rows) -> datetime | None:
    """Return the last ``as_of`` of rows of this table that was built from as many deals as ``days`` counts; or None."""
    found: list[datetime | None] = run_sql(_LAST_TRUE, built=built, days=days)["as_of"].to_pylist()
    return found[0]


def customer_rfm(
    clickstream_events: Rows, pos_events: Rows, known: Rows, days: Rows, as_ofs: Sequence[datetime]
) -> pa.Table:
    """Return one row per customer with an order or sale before ``as_of``, scored among all of them.

    ``known`` holds this table's rows of one ``as_of`` no later than any of ``as_ofs``, or none; the events are those
    from it on. ``days`` holds ``DEALS_OF_CUSTOMERS`` of all days.
    """
    tables = {"clickstream_events": clickstream_events, "pos_events": pos_events, "known": known, "days": days}
    return contracted(run_sql(_SQL, **tables, as_ofs=as_of_table(as_ofs)), GOLD_CUSTOMER_RFM)
