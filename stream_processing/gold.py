"""Gold's micro-batches: what follows from new silver events, online first and then in the lake.

Collected to the driver and computed by DuckDB: a micro-batch is bounded, and Spark would plan for seconds what takes
milliseconds. Each part recomputes what the batch touches from silver, so that a repeated batch changes nothing.
"""

from __future__ import annotations

from pyspark.sql import DataFrame

from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS
from data_lake.arrow_lake import ArrowLake
from stream_processing.micro_batch import MicroBatch
from stream_processing.revenue_per_minute import refresh_minutes
from stream_processing.visitors import WriteOnline, refresh_visitors

FOLLOWED = (SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS)

_COLUMNS = ("event_type", "occurred_at", "visitor_id")


def touched(events: DataFrame) -> DataFrame:
    """Return of new rows of a silver event table what says which visitors and minutes they touch."""
    return events.select(*(name for name in _COLUMNS if name in events.columns))


def refresh_gold(batch: MicroBatch, lake: ArrowLake, write_online: WriteOnline) -> None:
    """Refresh everything that a micro-batch of ``touched`` rows touches."""
    rows = batch.rows.toArrow()
    refresh_visitors(rows, lake, write_online)
    refresh_minutes(rows, lake)
