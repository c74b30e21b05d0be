"""What follows from new silver events: features online first, then sessions and gold in the lake.

Each part recomputes what a micro-batch touches from silver, so that a repeated batch changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS, Table
from data_lake.arrow_lake import ArrowLake
from stream_processing.revenue_per_minute import refresh_minutes
from stream_processing.visitors import WriteOnline, refresh_visitors


def refresh_gold(new_events: Mapping[Table, pa.Table], lake: ArrowLake, write_online: WriteOnline) -> None:
    """Refresh everything that new silver events (table → rows) touch."""
    if SILVER_CLICKSTREAM_EVENTS in new_events:
        refresh_visitors(new_events[SILVER_CLICKSTREAM_EVENTS], lake, write_online)
    for table in (SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS):
        if table in new_events:
            refresh_minutes(new_events[table], lake)
