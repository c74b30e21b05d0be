"""The streaming queries: what each one reads, and what it does with a micro-batch.

Spark reads Kafka, checks, and remembers the ids; a micro-batch is bounded and comes to the driver as Arrow, where
delta-rs writes. Gold follows silver beside them, so that silver never waits for it. Every target is a repeatable
function of its rows, so that at-least-once calls have the effect of exactly one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from pyspark.sql import DataFrame, SparkSession

from contracts.tables import CHECKED_TABLES, bronze_table
from contracts.topics import TOPICS
from data_lake.arrow_lake import ArrowLake
from stream_processing.bronze import land_bronze
from stream_processing.gold import FOLLOWED, refresh_gold
from stream_processing.messages import read_topics
from stream_processing.micro_batch import MicroBatch
from stream_processing.running_follower import RunningFollower
from stream_processing.running_query import Query
from stream_processing.silver import land_silver, new_messages
from stream_processing.silver_follower import SilverFollower


@dataclass(frozen=True)
class Surroundings:
    """What the queries read from and write to. ``landed`` is set whenever silver got events."""

    spark: SparkSession
    lake: ArrowLake
    servers: str
    max_rejected_ratio: float
    landed: Event = field(default_factory=Event)


def all_queries(around: Surroundings) -> tuple[Query, ...]:
    """Return every query. Bronze and silver read Kafka side by side: neither waits for the other."""
    bronze, silver = (read_topics(around.spark, around.servers, TOPICS) for _ in range(2))
    return bronze_query(around, bronze), silver_query(around, silver)


def bronze_query(around: Surroundings, messages: DataFrame) -> Query:
    """Return the query from Kafka to bronze."""
    tables = tuple(bronze_table(topic) for topic in TOPICS)
    return Query("bronze", messages, lambda batch: land_bronze(batch, around.lake), fills=tables)


def silver_query(around: Surroundings, messages: DataFrame) -> Query:
    """Return the query from messages, of Kafka or of bronze, to silver."""

    def land(batch: MicroBatch) -> None:
        land_silver(batch, around.lake, around.max_rejected_ratio)
        around.landed.set()

    return Query("silver", new_messages(messages), land, fills=CHECKED_TABLES)


def follow_silver(around: Surroundings) -> Callable[[Callable[[], bool]], RunningFollower]:
    """Return what starts the way from silver to gold, until the queries have ended."""
    follower = SilverFollower(around.lake, FOLLOWED, lambda events: refresh_gold(events, around.lake))
    return lambda source_ended: RunningFollower(follower, around.landed, source_ended)
