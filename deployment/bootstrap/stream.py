"""Wires the streaming process: Spark, the lake, Kafka's topics."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event

from py4j.protocol import Py4JNetworkError
from pyspark.sql import SparkSession

from contracts.errors import RetryableError
from contracts.tables import bronze_table
from contracts.topics import TOPICS
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.spark import build_spark
from deployment.service_log import wants_json
from deployment.settings import Settings
from ingestion.topics import list_topics
from stream_processing.bronze_source import read_bronze
from stream_processing.queries import Surroundings, all_queries, follow_silver, silver_query
from stream_processing.runner import StreamRunner

_JVM_GONE = (Py4JNetworkError, ConnectionRefusedError)


@contextmanager
def build_stream(settings: Settings, stop: Event) -> Iterator[StreamRunner]:
    """Start Spark, create the tables that are missing and yield the runner; setting ``stop`` ends it.

    Raises ``RetryableError`` where Spark's JVM is gone.
    """
    with _spark(settings, "aisle-stream", json_log=wants_json(settings)) as spark:
        lake = ArrowLake(settings.lake, by="aisle stream")
        lake.create_missing()
        around = Surroundings(spark, lake, settings.kafka.bootstrap_servers, settings.spark.max_rejected_ratio)
        yield StreamRunner(lake, all_queries(around), stop, follow_silver(around))


@contextmanager
def build_rebuild(settings: Settings, into: str, stop: Event) -> Iterator[StreamRunner]:
    """Start Spark and yield what makes silver and gold anew from bronze, in the lake ``into``.

    It continues where it was cut. Raises ``NotReadyError`` where there is no bronze, and ``RetryableError`` where
    Spark's JVM is gone.
    """
    source, lake = ArrowLake(settings.lake), ArrowLake(into, by="aisle lake rebuild")
    for topic in TOPICS:
        source.count(bronze_table(topic))
    with _spark(settings, "aisle-rebuild") as spark:
        lake.create_missing()
        around = Surroundings(spark, lake, "", max_rejected_ratio=1.0)
        query = silver_query(around, read_bronze(spark, source))
        yield StreamRunner(lake, [query], stop, follow_silver(around))


@contextmanager
def _spark(settings: Settings, name: str, *, json_log: bool = False) -> Iterator[SparkSession]:
    # Errors of a micro-batch travel as exceptions; py4j would print each of them a second time, as a traceback.
    logging.getLogger("py4j").setLevel(logging.CRITICAL + 1)
    spark = build_spark(settings, name, json_log=json_log)
    try:
        yield spark
    except _JVM_GONE as error:
        memory = f"AISLE_SPARK__DRIVER_MEMORY is {settings.spark.driver_memory}"
        msg = f"Spark's JVM ended, killed or out of memory ({memory}): started again, the streams go on where they were"
        raise RetryableError(msg) from error
    finally:
        with suppress(*_JVM_GONE):
            spark.stop()


def missing_topics(settings: Settings) -> list[str]:
    """Return the names of the topics that the broker does not have; raises ``BrokerUnavailableError``."""
    present = {topic.name for topic in list_topics(settings.kafka.bootstrap_servers)}
    return [topic.name for topic in TOPICS if topic.name not in present]
