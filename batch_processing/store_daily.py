"""gold.store_daily: what each store sold and took back on each day."""

from __future__ import annotations

import pyarrow as pa

from contracts.tables import GOLD_STORE_DAILY
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql

EVENTS_OF_STORES = "SELECT occurred_at::DATE AS date, count(*) AS source_events FROM pos_events GROUP BY date"

_SQL = f"""
    WITH days AS ({EVENTS_OF_STORES}),
    deals AS (
        SELECT
            *,
            event_type = 'pos_transaction_completed' AS sold,
            list_sum([line.quantity FOR line IN lines]) AS units,
            list_sum([line.quantity * line.unit_price::DECIMAL(38, 4) FOR line IN lines]) AS amount
        FROM pos_events
    )
    SELECT
        date,
        store_id,
        count_if(sold) AS sales,
        count(DISTINCT customer_id) AS customers,
        coalesce(sum(units) FILTER (sold), 0) AS units_sold,
        round(coalesce(sum(amount) FILTER (sold), 0), 2) AS revenue,
        count_if(NOT sold) AS returns,
        coalesce(sum(units) FILTER (NOT sold), 0) AS units_returned,
        round(coalesce(sum(amount) FILTER (NOT sold), 0), 2) AS refunded,
        source_events
    FROM deals JOIN days ON occurred_at::DATE = date
    GROUP BY date, store_id, source_events
"""


def store_daily(pos_events: Rows) -> pa.Table:
    """Return one row per store and day (UTC) of whole days of silver; days on which a store sold nothing have none."""
    return contracted(run_sql(_SQL, pos_events=pos_events), GOLD_STORE_DAILY)
