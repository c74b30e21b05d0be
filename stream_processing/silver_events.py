"""Silver's event tables, ``silver.clickstream_events`` and ``silver.pos_events``: bronze, parsed and de-duplicated.

No watermark: a replay of 2019 beside live trade is normal. The ids seen are the query's state (RocksDB, on disk), kept
for good. A batch that ``kill -9`` cut runs again from the same state and finds by its number which of its writes are
done. Counts per batch would lie after that: count the tables.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS, SILVER_REJECTED_EVENTS, Table
from contracts.topics import CLICKSTREAM, POS, Topic
from data_lake.spark_lake import SparkLake
from stream_processing.micro_batch import MicroBatch
from stream_processing.parsed_messages import parse_messages
from stream_processing.rejected_share import count_by_reason, require_few_rejected

EVENT_TABLES: dict[Topic, Table] = {CLICKSTREAM: SILVER_CLICKSTREAM_EVENTS, POS: SILVER_POS_EVENTS}


def new_messages(bronze: DataFrame, table: Table) -> DataFrame:
    """Parse a topic's stream of bronze rows and keep one message an id: ``event_id``, or ``rejected_id``.

    The first to arrive wins; among the copies within one micro-batch any does. ``processed_at`` becomes this
    batch's time.
    """
    parsed = parse_messages(bronze.withColumn("processed_at", sf.current_timestamp()), table)
    return parsed.withColumn("_id", sf.coalesce("rejected_id", "event_id")).dropDuplicates(["_id"]).drop("_id")


def land_batch(messages: MicroBatch, table: Table, lake: SparkLake, max_rejected_ratio: float) -> None:
    """Write one micro-batch of ``new_messages``: its events to ``table``, its rejections beside them.

    Raises ``TooManyRejectedError`` before anything is written.
    """
    rows = messages.rows.persist()
    try:
        counts = count_by_reason(rows)
        require_few_rejected(rows, counts, max_rejected_ratio)
        if counts.keys() - {None}:
            lake.append(SILVER_REJECTED_EVENTS, rows.where("reason IS NOT NULL"), messages.transaction)
        if None in counts:
            lake.append(table, rows.where("reason IS NULL"), messages.transaction)
    finally:
        rows.unpersist()
