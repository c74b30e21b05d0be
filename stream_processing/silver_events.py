"""Silver's event tables, one a topic: bronze, parsed and de-duplicated.

No watermark: a replay of 2019 beside live trade is normal, so the table itself is the memory of the ids seen.
Both writes of a micro-batch are insert-only by key: a batch that ``kill -9`` cut, before, between or after them,
runs again and only completes what is missing. Counts per batch would lie after that: count the tables.
"""

from __future__ import annotations

from threading import Lock

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from contracts.tables import EVENT_TABLES, SILVER_REJECTED_EVENTS, Table
from data_lake.spark_lake import SparkLake
from stream_processing.first_arrivals import first_arrivals
from stream_processing.parsed_messages import parse_messages
from stream_processing.rejected_events import count_by_reason, rejected_events, require_few_rejected

__all__ = ["EVENT_TABLES", "land_batch", "parsed_rows", "silver_events"]

# Every topic's stream writes to the one table of rejected events: two merges at once would conflict.
_REJECTED_EVENTS_LOCK = Lock()


def parsed_rows(bronze: DataFrame, table: Table) -> DataFrame:
    """Parse a topic's bronze rows; ``processed_at`` becomes this micro-batch's time."""
    return parse_messages(bronze.withColumn("processed_at", sf.current_timestamp()), table)


def silver_events(parsed: DataFrame, table: Table) -> DataFrame:
    """Return the event table's rows from ``parse_messages``' output, each ``event_id`` once."""
    events = parsed.where("reason IS NULL").select(*table.column_names)
    return first_arrivals(events, "event_id")


def land_batch(parsed: DataFrame, table: Table, lake: SparkLake, max_rejected_ratio: float) -> None:
    """Write one parsed micro-batch: its events to ``table``, its rejections beside them.

    Raises ``TooManyRejectedError`` before anything is written.
    """
    parsed.persist()
    try:
        counts = count_by_reason(parsed)
        require_few_rejected(parsed, counts, max_rejected_ratio)
        if counts.keys() - {None}:
            with _REJECTED_EVENTS_LOCK:
                lake.insert_new(SILVER_REJECTED_EVENTS, rejected_events(parsed))
        if None in counts:
            lake.insert_new(table, silver_events(parsed, table))
    finally:
        parsed.unpersist()
