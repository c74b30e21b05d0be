"""gold.customer_product_matrix: what each customer did with each product on each day.

By day rather than as of its end: a late event touches one day, not every day after it, a day costs its own events and
not the history, and the days of any window add up to that window's matrix.
"""

from __future__ import annotations

import pyarrow as pa

from batch_processing.product_facts import PRODUCT_FACTS, PRODUCT_MEASURES
from contracts.tables import GOLD_CUSTOMER_PRODUCT_MATRIX
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql

# An event's facts are all of one customer.
EVENTS_OF_CUSTOMERS = f"""
    SELECT occurred_at::DATE AS date, count(DISTINCT event_id) AS source_events
    FROM ({PRODUCT_FACTS})
    WHERE customer_id IS NOT NULL
    GROUP BY date
"""

_SQL = f"""
    WITH facts AS ({PRODUCT_FACTS}), days AS ({EVENTS_OF_CUSTOMERS})
    SELECT date, customer_id, product_id, {PRODUCT_MEASURES}, source_events
    FROM facts JOIN days ON occurred_at::DATE = date
    WHERE customer_id IS NOT NULL
    GROUP BY date, customer_id, product_id, source_events
"""


def customer_product_matrix(clickstream_events: Rows, pos_events: Rows) -> pa.Table:
    """Return one row per customer, product and day (UTC) of whole days of silver; who is not known has none."""
    rows = run_sql(_SQL, clickstream_events=clickstream_events, pos_events=pos_events)
    return contracted(rows, GOLD_CUSTOMER_PRODUCT_MATRIX)
