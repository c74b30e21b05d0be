"""Wires the batch jobs: a small Spark session and the lake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from data_lake.arrow_lake import ArrowLake
from data_lake.spark_lake import SparkLake
from deployment.bootstrap.spark import build_spark
from deployment.settings import Settings

# Beside the stream's driver on one machine: a day's tables need no more.
_MEMORY = "1g"


@contextmanager
def open_batch_lake(settings: Settings) -> Iterator[SparkLake]:
    """Return the lake through a Spark session that ends with the block."""
    spark = build_spark(settings, "aisle-batch", memory=_MEMORY)
    spark.conf.set("spark.sql.debug.maxToStringFields", "200")
    try:
        yield SparkLake(spark, settings.lake)
    finally:
        spark.stop()


def build_arrow_lake(settings: Settings) -> ArrowLake:
    """Return the lake without Spark, read only."""
    return ArrowLake(settings.lake)
