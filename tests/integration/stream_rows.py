"""Rows and events for the tests of the streaming jobs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from contracts.tables import Table, bronze_table
from contracts.topics import TOPICS, Topic, topic_of
from data_lake.spark_schemas import spark_schema

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[2] / "contracts" / "examples"


def good_examples(topic: Topic) -> list[dict[str, Any]]:
    """Every good example of the topic's events, each with an event id of its own."""
    files = [EXAMPLES / f"{name}.v1.good.json" for name in topic.event_types]
    events = [event for file in files for event in json.loads(file.read_text())]
    return [event | {"event_id": f"{topic.name}-{number}"} for number, event in enumerate(events)]


def bad_examples(topic: Topic) -> list[dict[str, Any]]:
    """Every bad example of the topic's events: ``reason``, ``field`` and the ``event``."""
    files = [EXAMPLES / f"{name}.v1.bad.json" for name in topic.event_types]
    return [example for file in files for example in json.loads(file.read_text())]


def message(value: object, **headers: str) -> dict[str, Any]:
    """One message: a value (bytes as they are, anything else as JSON) and its headers."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return {"value": raw, "headers": [{"key": key, "value": text.encode()} for key, text in headers.items()]}


def bronze(
    spark: SparkSession, topic: Topic, messages: Iterable[Mapping[str, Any]], first_offset: int = 0
) -> DataFrame:
    """Messages as rows of the topic's bronze table, a second apart."""
    rows = [
        {
            "topic": topic.name,
            "partition": 0,
            "offset": offset,
            "key": None,
            "received_at": START + timedelta(seconds=offset),
            "processed_at": START,
            **each,
        }
        for offset, each in enumerate(messages, first_offset)
    ]
    return spark.createDataFrame(rows, spark_schema(bronze_table(topic)))


def event(event_type: str, event_id: str, minute: float = 0, **fields: Any) -> dict[str, Any]:
    """A row of a silver event table, ``minute`` minutes after ``START``."""
    row: dict[str, Any] = {
        "event_type": event_type,
        "event_id": event_id,
        "occurred_at": START + timedelta(minutes=minute),
    }
    return row | {"visitor_id": "v-1"} | fields if topic_of(event_type) is TOPICS[0] else row | fields


def line(product_id: str, quantity: int, unit_price: str) -> dict[str, Any]:
    """One line of an order, a sale or a return."""
    return {"product_id": product_id, "quantity": quantity, "unit_price": Decimal(unit_price)}


def table_rows(spark: SparkSession, table: Table, rows: Iterable[Mapping[str, Any]]) -> DataFrame:
    """Rows of a table; what a row does not name is null."""
    schema = spark_schema(table)
    return spark.createDataFrame([tuple(row.get(name) for name in schema.names) for row in rows], schema)


def collected(frame: DataFrame, *order: str) -> list[dict[str, Any]]:
    """The rows as dicts, times aware."""
    rows = frame.orderBy(*order) if order else frame
    return [dict(row) for row in rows.toArrow().to_pylist()]
