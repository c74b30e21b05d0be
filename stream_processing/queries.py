"""The streaming queries, layer by layer: what each one reads, and what it does with a micro-batch.

Bronze writes through Delta's own sink, exactly once by its checkpoint. The others are repeatable functions of a
micro-batch, so that Spark's at-least-once calls have the effect of exactly one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pyspark.sql import DataFrame

from contracts.tables import Table, bronze_table
from contracts.topics import Topic
from data_lake.arrow_lake import ArrowLake
from data_lake.spark_lake import SparkLake
from stream_processing.bronze import bronze_rows, read_topic
from stream_processing.gold import FOLLOWED, refresh_gold, touched
from stream_processing.running_query import Query
from stream_processing.silver_events import EVENT_TABLES, land_batch, new_messages
from stream_processing.visitors import WriteOnline

# A backlog should come in few big batches: each batch pays for its commits.
_MAX_FILES_PER_BATCH = 10_000
_MAX_BYTES_PER_BATCH = "128m"


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
        tuple(silver_query(around, topic) for topic in EVENT_TABLES),
        (_gold(around),),
    )


def _bronze(around: Surroundings, topic: Topic) -> Query:
    table = bronze_table(topic)
    rows = bronze_rows(read_topic(around.lake.spark, around.servers, topic), topic)
    return Query(table.name, rows, around.lake.path(table), fills=table)


def silver_query(around: Surroundings, topic: Topic) -> Query:
    """Return the query from a topic's bronze table to its silver one."""
    table = EVENT_TABLES[topic]
    rows = new_messages(_follow(around.lake, bronze_table(topic)), table)
    land = partial(land_batch, table=table, lake=around.lake, max_rejected_ratio=around.max_rejected_ratio)
    return Query(table.name, rows, land, fills=table)


def _gold(around: Surroundings) -> Query:
    clickstream, pos = (touched(_follow(around.lake, table)) for table in FOLLOWED)
    refresh = partial(refresh_gold, lake=ArrowLake(around.lake.uri), write_online=around.write_online)
    return Query("gold", clickstream.unionByName(pos, allowMissingColumns=True), refresh)


def _follow(lake: SparkLake, table: Table) -> DataFrame:
    """Return the stream of the rows added to a table, from its first."""
    return (
        lake.spark.readStream.format("delta")
        .option("maxFilesPerTrigger", _MAX_FILES_PER_BATCH)
        .option("maxBytesPerTrigger", _MAX_BYTES_PER_BATCH)
        .load(lake.path(table))
    )
