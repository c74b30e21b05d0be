"""gold.basket_pairs: which products were bought together on each day.

A product's own baskets stand in the row that pairs it with itself, and the baskets of the day in ``source_events``, so
that support, confidence and lift over any days follow exactly from sums: of ``baskets_together`` by pair, and of
``source_events`` once per day.
"""

from __future__ import annotations

import pyarrow as pa

from batch_processing.product_facts import DEAL_LINES, DEALS
from contracts.tables import GOLD_BASKET_PAIRS
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql

_BASKETS = f"SELECT DISTINCT occurred_at::DATE AS date, event_id, product_id FROM ({DEAL_LINES}) WHERE sold"

BASKETS_OF_DAYS = f"SELECT occurred_at::DATE AS date, count(*) AS source_events FROM ({DEALS}) WHERE sold GROUP BY date"

_SQL = f"""
    WITH baskets AS MATERIALIZED ({_BASKETS}), days AS ({BASKETS_OF_DAYS}),
    products AS (SELECT date, product_id, count(*) AS baskets FROM baskets GROUP BY date, product_id),
    pairs AS (
        SELECT date, a.product_id AS product_a, b.product_id AS product_b, count(*) AS baskets_together
        FROM baskets AS a JOIN baskets AS b USING (date, event_id)
        WHERE product_a <= product_b
        GROUP BY date, product_a, product_b
    )
    SELECT pairs.*, a.baskets AS baskets_a, b.baskets AS baskets_b, source_events
    FROM pairs JOIN days USING (date)
    JOIN products AS a ON a.date = pairs.date AND a.product_id = product_a
    JOIN products AS b ON b.date = pairs.date AND b.product_id = product_b
"""


def basket_pairs(clickstream_events: Rows, pos_events: Rows) -> pa.Table:
    """Return one row per unordered pair of products and day (UTC) of whole days of silver.

    A basket of n products makes n (n + 1) / 2 pairs; lines of one product count once.
    """
    rows = run_sql(_SQL, clickstream_events=clickstream_events, pos_events=pos_events)
    return contracted(rows, GOLD_BASKET_PAIRS)
