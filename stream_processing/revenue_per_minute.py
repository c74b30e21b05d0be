"""``gold.revenue_per_minute``: orders, sales and returns of every minute, online and in stores."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc

from contracts.tables import GOLD_REVENUE_PER_MINUTE, SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS
from data_lake.arrow_lake import ArrowLake
from data_lake.schemas import contracted
from data_lake.spans import spans
from data_lake.sql import Rows, run_sql

_MINUTE_LONG = pa.scalar(timedelta(minutes=1))
_MINUTE = "date_trunc('minute', occurred_at) AS minute, if(event_type = 'order_placed', 'online', 'pos') AS channel"
_IS_TRADE = "event_type IN ('order_placed', 'pos_transaction_completed', 'pos_return_completed')"

_TOUCHED = f"SELECT DISTINCT {_MINUTE} FROM events WHERE {_IS_TRADE}"  # noqa: S608 - made of constants
_REVENUE_PER_MINUTE = f"""
    WITH events AS (
        SELECT occurred_at, event_type, lines FROM clickstream_events WHERE {_IS_TRADE}
        UNION ALL
        SELECT occurred_at, event_type, lines FROM pos_events WHERE {_IS_TRADE}
    ),
    trades AS (
        SELECT
            {_MINUTE},
            event_type = 'pos_return_completed' AS is_return,
            list_sum([line.quantity FOR line IN lines]) AS units,
            list_sum([line.quantity * line.unit_price::DECIMAL(28, 4) FOR line IN lines]) AS amount
        FROM events
    )
    SELECT
        minute,
        channel,
        count_if(NOT is_return) AS orders,
        coalesce(sum(units) FILTER (NOT is_return), 0) AS units,
        round(coalesce(sum(amount) FILTER (NOT is_return), 0), 2) AS revenue,
        count_if(is_return) AS returns,
        round(coalesce(sum(amount) FILTER (is_return), 0), 2) AS refunded
    FROM trades SEMI JOIN minutes USING (minute, channel)
    GROUP BY minute, channel
"""  # noqa: S608 - made of constants


def revenue_per_minute(clickstream_events: Rows, pos_events: Rows, minutes: pa.Table) -> pa.Table:
    """Return the table's rows of ``minutes`` (minute, channel) from all their events; totals are rounded once."""
    rows = run_sql(_REVENUE_PER_MINUTE, clickstream_events=clickstream_events, pos_events=pos_events, minutes=minutes)
    return contracted(rows, GOLD_REVENUE_PER_MINUTE)


def refresh_minutes(new_events: Iterable[pa.Table], lake: ArrowLake) -> None:
    """Recompute from silver every minute and channel that new rows of silver's event tables touch."""
    touched = [run_sql(_TOUCHED, events=events) for events in new_events]
    minutes = pa.concat_tables(touched) if touched else None
    if minutes:
        times = spans(minutes["minute"], pc.add(minutes["minute"], _MINUTE_LONG))
        clickstream_events, pos_events = (
            lake.near(table, "occurred_at", times) for table in (SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS)
        )
        rows = revenue_per_minute(clickstream_events, pos_events, minutes)
        lake.replace(GOLD_REVENUE_PER_MINUTE, rows, minutes)
