"""What the live counters of products must have been at a read, computed again from silver: for the parity watch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contracts.tables import SILVER_CLICKSTREAM_EVENTS
from data_lake.arrow_lake import ArrowLake
from data_lake.sql import run_sql
from feature_store.live.offline import product_windows
from feature_store.live.windows import LONGEST
from feature_store.parity import Known
from feature_store.read_log import EVENT_TIMESTAMP, LoggedRead
from stream_processing.recomputed import ON_ITS_WAY

_EVENTS = """
    SELECT event_id, event_type, occurred_at, product_id, lines, received_at, processed_at
    FROM rows JOIN since ON occurred_at >= first
    WHERE event_type IN ('product_viewed', 'product_added_to_cart', 'order_placed')
"""

Rows = dict[str, dict[str, Any]]


def recomputed_products(lake: ArrowLake, reads: Sequence[LoggedRead]) -> list[Known]:
    """Return ``product_activity`` at the moment of each read; of the time of the last event nothing is claimed."""
    moments = {read.read_at for read in reads}
    since = pa.table({"first": [min(moments) - timedelta(seconds=LONGEST.span_s)]})
    events = run_sql(_EVENTS, rows=lake.all_files(SILVER_CLICKSTREAM_EVENTS), since=since)
    arrived = {at: _rows(events, at, pc.field("received_at") <= at) for at in moments}
    settled = {at: _rows(events, at, pc.field("processed_at") <= at - ON_ITS_WAY) for at in moments}
    return [_known(read, arrived[read.read_at], settled[read.read_at]) for read in reads]


def _rows(events: pa.Table, at: datetime, known: pc.Expression) -> Rows:
    return {row.pop("id"): row for row in product_windows(events.filter(known), at).to_pylist()}


def _known(read: LoggedRead, arrived: Rows, settled: Rows) -> Known:
    row = arrived.get(read.entity_id)
    if read.features is None or row is None:
        return Known(None)
    last_event = datetime.fromisoformat(read.features[EVENT_TIMESTAMP])
    return Known({**row, EVENT_TIMESTAMP: last_event}, unsettled=row != settled.get(read.entity_id))
