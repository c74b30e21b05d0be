"""gold.customer_rfm: how lately, how often and for how much each customer bought, up to the end of a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from batch_processing.customer_purchases import customer_purchases
from contracts.tables import GOLD_CUSTOMER_RFM
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql


def _score(window: str) -> str:
    """Return SQL for 1 to 5 by the share of customers before the row: ties share the lowest rank, so the score."""
    return f"1 + 5 * (rank() OVER {window} - 1) // count(*) OVER everyone"


_SQL = f"""
    SELECT
        *,
        {_score("by_recency")} AS recency_score,
        {_score("by_frequency")} AS frequency_score,
        {_score("by_revenue")} AS monetary_score
    FROM purchases
    WHERE order_count > 0
    WINDOW
        everyone AS (PARTITION BY as_of),
        by_recency AS (PARTITION BY as_of ORDER BY recency_days DESC),
        by_frequency AS (PARTITION BY as_of ORDER BY order_count),
        by_revenue AS (PARTITION BY as_of ORDER BY revenue)
"""


def customer_rfm(clickstream_events: Rows, pos_events: Rows, as_ofs: Sequence[datetime]) -> pa.Table:
    """Return one row per customer with an order or sale before ``as_of``, scored among all of them."""
    purchases = customer_purchases(clickstream_events, pos_events, as_ofs)
    return contracted(run_sql(_SQL, purchases=purchases), GOLD_CUSTOMER_RFM)
