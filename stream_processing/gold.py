"""What follows from new silver events: sessions, and gold's streamed tables.

Each part recomputes what the events touch from silver, so that the same events again change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS, Table
from data_lake.arrow_lake import ArrowLake
from stream_processing.revenue_per_minute import refresh_minutes
from stream_processing.touched_sessions import refresh_sessions

# Silver's tables from whose new events gold follows, and what it needs of them.
FOLLOWED = {
    SILVER_CLICKSTREAM_EVENTS: ("visitor_id", "event_type", "occurred_at"),
    SILVER_POS_EVENTS: ("event_type", "occurred_at"),
}


def refresh_gold(new_events: Mapping[Table, pa.Table], lake: ArrowLake) -> None:
    """Refresh everything that new silver events (table → rows) touch."""
    if SILVER_CLICKSTREAM_EVENTS in new_events:
        refresh_sessions(new_events[SILVER_CLICKSTREAM_EVENTS], lake)
    refresh_minutes(new_events.values(), lake)
