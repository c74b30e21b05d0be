"""The lake through Spark: the contract's types, and writes that may be repeated."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from contracts.tables import SILVER_SESSIONS, TABLES
from data_lake.arrow_lake import ArrowLake
from data_lake.schemas import spark_schema
from data_lake.spark_lake import SparkLake, Transaction
from tests.integration.stream_rows import table_rows


def test_spark_sees_the_columns_that_arrow_made(spark: SparkSession, tmp_path: Path) -> None:
    ArrowLake(str(tmp_path)).create_missing()
    lake = SparkLake(spark, str(tmp_path))
    for table in TABLES:
        found = lake.read(table).schema
        assert [(f.name, f.dataType) for f in found] == [(f.name, f.dataType) for f in spark_schema(table)]


def test_a_transaction_is_written_once(spark: SparkSession, tmp_path: Path) -> None:
    arrow, lake = ArrowLake(str(tmp_path)), SparkLake(spark, str(tmp_path))
    arrow.create_missing([SILVER_SESSIONS])
    row = table_rows(spark, SILVER_SESSIONS, [{"session_id": "s-1"}])
    for writer, number, expected in (("a", 0, 1), ("a", 0, 1), ("a", 1, 2), ("b", 0, 3), ("a", 0, 3)):
        lake.append(SILVER_SESSIONS, row, Transaction(writer, number))
        assert arrow.count(SILVER_SESSIONS) == expected
