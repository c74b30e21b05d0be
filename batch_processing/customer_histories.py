"""What batch scoring knows of customers: what they saw and bought, from sessions and sales that name them."""

from __future__ import annotations

import pyarrow as pa

from data_lake.sql import Rows, run_sql

# Further back nothing counts for what a customer may want next.
_LAST_SEEN = 50

_KNOWN = """
    SELECT customer_id, sum(events)::BIGINT AS source_events
    FROM (
        SELECT customer_id, event_count AS events FROM sessions WHERE is_bot IS NOT true
        UNION ALL
        SELECT customer_id, 1 FROM transaction_lines
    )
    WHERE customer_id IS NOT NULL
    GROUP BY customer_id
    ORDER BY customer_id
"""

# Online orders stand in their session. A till's lines are seen when they are sold.
_HISTORIES = f"""
    WITH sales AS (FROM transaction_lines SEMI JOIN customers USING (customer_id)),
    steps AS (
        SELECT customer_id, started_at AS step_at, session_id AS step_id, product_ids
        FROM sessions SEMI JOIN customers USING (customer_id)
        WHERE is_bot IS NOT true
        UNION ALL
        SELECT customer_id, occurred_at, event_id, list(product_id ORDER BY line_number)
        FROM sales
        WHERE channel = 'pos'
        GROUP BY customer_id, occurred_at, event_id
    ),
    seen AS (
        SELECT customer_id, flatten(list(product_ids ORDER BY step_at, step_id))[-{_LAST_SEEN}:] AS seen
        FROM steps
        WHERE product_ids IS NOT NULL
        GROUP BY customer_id
    ),
    bought AS (SELECT customer_id, list(DISTINCT product_id) AS bought FROM sales GROUP BY customer_id)
    SELECT customer_id, source_events, coalesce(seen, []) AS seen, coalesce(bought, []) AS bought
    FROM customers LEFT JOIN seen USING (customer_id) LEFT JOIN bought USING (customer_id)
"""


def known_customers(sessions: Rows, transaction_lines: Rows) -> pa.Table:
    """Return ``customer_id`` and ``source_events`` of all customers named in people's sessions or in sales, by id."""
    return run_sql(_KNOWN, sessions=sessions, transaction_lines=transaction_lines)


def customer_histories(sessions: Rows, transaction_lines: Rows, customers: pa.Table) -> pa.Table:
    """Return the rows of ``known_customers`` with what each saw and bought, both lists of product ids.

    ``seen``: the last ``_LAST_SEEN`` products of their sessions and their sales at tills, oldest first, repeats kept.
    """
    return run_sql(_HISTORIES, sessions=sessions, transaction_lines=transaction_lines, customers=customers)
