"""De-duplication inside one micro-batch: the first arrival of a key wins."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as sf


def first_arrivals(rows: DataFrame, key: str) -> DataFrame:
    """Keep one row a key: the one with the lowest (received_at, partition, offset)."""
    by_arrival = Window.partitionBy(key).orderBy("received_at", "partition", "offset")
    return rows.withColumn("_arrival", sf.row_number().over(by_arrival)).where("_arrival = 1").drop("_arrival")
