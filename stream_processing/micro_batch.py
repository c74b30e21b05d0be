"""One micro-batch as a query's target gets it."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame

from data_lake.spark_lake import Transaction


@dataclass(frozen=True)
class MicroBatch:
    """The rows and what tells a repetition of this batch from another: the same after every restart."""

    rows: DataFrame
    transaction: Transaction
