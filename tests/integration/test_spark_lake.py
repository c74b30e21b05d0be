"""The lake: tables as the contract says, writes that may be repeated, and the same rows through both readers."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from pyspark.sql import SparkSession

from contracts.errors import NotReadyError
from contracts.tables import GOLD_REVENUE_PER_MINUTE, SILVER_SESSIONS, TABLES
from data_lake.arrow_lake import ArrowLake
from data_lake.spark_lake import SparkLake
from data_lake.spark_schemas import spark_schema
from tests.integration.stream_rows import START, table_rows


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> SparkLake:
    lake = SparkLake(spark, str(tmp_path_factory.mktemp("lake")))
    lake.create_missing()
    return lake


def test_every_table_has_exactly_the_contracts_columns_in_both_readers(lake: SparkLake) -> None:
    lake.create_missing()
    arrow = ArrowLake(lake.uri)
    for table in TABLES:
        found = lake.read(table).schema
        assert [(f.name, f.dataType) for f in found] == [(f.name, f.dataType) for f in spark_schema(table)]
        assert arrow.read(table).column_names == list(table.column_names)
        assert (arrow.count(table), arrow.version(table)) == (0, 0)


def test_a_table_that_was_never_made_is_named(tmp_path: Path) -> None:
    lake = ArrowLake(str(tmp_path))
    assert not lake.exists(SILVER_SESSIONS)
    for call in (lake.read, lake.count, lake.version):
        with pytest.raises(NotReadyError, match=r"table silver\.sessions is not there yet"):
            call(SILVER_SESSIONS)


def test_arrow_reads_the_columns_and_rows_it_is_asked_for(lake: SparkLake) -> None:
    rows = [{"session_id": f"s-{n}", "event_count": n, "started_at": START, "revenue": Decimal(n)} for n in range(3)]
    lake.insert_new(SILVER_SESSIONS, table_rows(lake.spark, SILVER_SESSIONS, rows))
    lake.insert_new(
        SILVER_SESSIONS, table_rows(lake.spark, SILVER_SESSIONS, [row | {"event_count": 9} for row in rows])
    )
    arrow = ArrowLake(lake.uri)
    found = arrow.read(SILVER_SESSIONS, ["session_id", "started_at"], where=pc.field("event_count") >= 2)
    assert found.to_pylist() == [{"session_id": "s-2", "started_at": START}]
    assert arrow.count(SILVER_SESSIONS) == 3


def test_replace_makes_the_rows_the_only_content_of_the_scope(lake: SparkLake) -> None:
    _replace(lake, {0: 1, 1: 1, 2: 1, 5: 1}, scope={0, 1, 2, 3, 5})
    for _ in range(2):  # kept, changed, gone, new; and minute 5 lies outside
        _replace(lake, {0: 1, 1: 7, 3: 3}, scope={0, 1, 2, 3, 4})
        assert _content(lake) == {0: 1, 1: 7, 3: 3, 5: 1}
    _replace(lake, {}, scope={0, 5})
    assert _content(lake) == {1: 7, 3: 3}


def _replace(lake: SparkLake, orders: dict[int, int], scope: set[int]) -> None:
    def row(minute: int) -> dict[str, Any]:
        return {"minute": START + timedelta(minutes=minute), "channel": "online", "orders": orders.get(minute)}

    rows = table_rows(lake.spark, GOLD_REVENUE_PER_MINUTE, map(row, orders))
    touched = table_rows(lake.spark, GOLD_REVENUE_PER_MINUTE, map(row, scope)).select("minute", "channel")
    lake.replace(GOLD_REVENUE_PER_MINUTE, rows, touched)


def _content(lake: SparkLake) -> dict[int, int]:
    rows = ArrowLake(lake.uri).read(GOLD_REVENUE_PER_MINUTE).to_pylist()
    return {(row["minute"] - START) // timedelta(minutes=1): row["orders"] for row in rows}
