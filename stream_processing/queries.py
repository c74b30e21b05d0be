"""The streaming queries, layer by layer: what each one reads, and what it does with a micro-batch.

Bronze writes through Delta's own sink, exactly once by its checkpoint. The others are repeatable functions of a
micro-batch, so that Spark's at-least-once calls have the effect of exactly one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pyspark.sql import DataFrame

from contracts.tables import (
    GOLD_REVENUE_PER_MINUTE,
    GOLD_VISITOR_FEATURES,
    SILVER_CLICKSTREAM_EVENTS,
    SILVER_POS_EVENTS,
    Table,
    bronze_table,
)
from contracts.topics import Topic
from data_lake.spark_lake import SparkLake
from stream_processing.bronze import bronze_rows, read_topic
from stream_processing.revenue_per_minute import refresh_minutes, trades
from stream_processing.running_query import Query
from stream_processing.silver_events import EVENT_TABLES, land_batch, parsed_rows
from stream_processing.visitors import WriteOnline, refresh_online, refresh_visitors

# A backlog should come in few big batches: each batch pays for its commits.
_MAX_FILES_PER_BATCH = 10_000
_MAX_BYTES_PER_BATCH = "128m"
# Merges cost seconds of CPU however small the batch: what nobody reads within seconds is merged less often.
_MERGE_GOLD_EVERY_S = 20.0


@dataclass(frozen=True)
class Surroundings:
    """What the queries read from and write to."""

    lake: SparkLake
    servers: str
    max_rejected_ratio: float
    write_online: WriteOnline


def layers(around: Surroundings) -> tuple[tuple[Query, ...], ...]:
    """Return every query: bronze, then silver, then what is made from silver."""
    return (
        tuple(_bronze(around, topic) for topic in EVENT_TABLES),
        tuple(_silver(around, topic, table) for topic, table in EVENT_TABLES.items()),
        (_online(around), _visitors(around), _revenue_per_minute(around)),
    )


def _bronze(around: Surroundings, topic: Topic) -> Query:
    table = bronze_table(topic)
    rows = bronze_rows(read_topic(around.lake.spark, around.servers, topic), topic)
    return Query(table.name, rows, around.lake.path(table))


def _silver(around: Surroundings, topic: Topic, table: Table) -> Query:
    rows = parsed_rows(_follow(around.lake, bronze_table(topic)), table)
    land = partial(land_batch, table=table, lake=around.lake, max_rejected_ratio=around.max_rejected_ratio)
    return Query(table.name, rows, land)


def _online(around: Surroundings) -> Query:
    refresh = partial(refresh_online, lake=around.lake, write_online=around.write_online)
    return Query("online_features", _follow(around.lake, SILVER_CLICKSTREAM_EVENTS), refresh)


def _visitors(around: Surroundings) -> Query:
    refresh = partial(refresh_visitors, lake=around.lake)
    events = _follow(around.lake, SILVER_CLICKSTREAM_EVENTS)
    return Query(GOLD_VISITOR_FEATURES.name, events, refresh, _MERGE_GOLD_EVERY_S)


def _revenue_per_minute(around: Surroundings) -> Query:
    followed = (trades(_follow(around.lake, table)) for table in (SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS))
    online, pos = followed
    refresh = partial(refresh_minutes, lake=around.lake)
    return Query(GOLD_REVENUE_PER_MINUTE.name, online.unionByName(pos), refresh, _MERGE_GOLD_EVERY_S)


def _follow(lake: SparkLake, table: Table) -> DataFrame:
    """Return the stream of the rows added to a table, from its first."""
    return (
        lake.spark.readStream.format("delta")
        .option("maxFilesPerTrigger", _MAX_FILES_PER_BATCH)
        .option("maxBytesPerTrigger", _MAX_BYTES_PER_BATCH)
        .load(lake.path(table))
    )
