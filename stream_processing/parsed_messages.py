"""From bronze rows to typed events and rejections: the contract, applied to Arrow batches in Spark's Python workers.

``contracts.parse_event`` decides; what is here only lays its answer out in columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from contracts.events import Event, Reason, Rejection, load_schema, parse_event
from contracts.tables import SILVER_REJECTED_EVENTS, Table
from contracts.topics import MAPPING_ERROR_HEADER, PRODUCER_HEADER, SOURCE_FILE_HEADER, SOURCE_LINE_HEADER
from data_lake.spark_schemas import spark_schema

Row = Mapping[str, Any]
Headers = Mapping[str, bytes | None]
BatchParser = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]

_ADDRESS = ("topic", "partition", "offset")
_KEPT = (*_ADDRESS, "received_at", "processed_at")
_DIGITS_OF_A_BIGINT = 18


def parse_messages(bronze: DataFrame, events_table: Table) -> DataFrame:
    """Parse bronze rows into the columns of ``events_table`` and of ``silver.rejected_events``, each name once.

    A row is an event where ``reason`` is null, else a rejection. ``processed_at`` is taken over from ``bronze``.
    """
    event_fields, rejection_fields = spark_schema(events_table), spark_schema(SILVER_REJECTED_EVENTS)
    more = [field for field in rejection_fields if field.name not in event_fields.names]
    fields = StructType([*event_fields, *more])
    raw = bronze.select(*_KEPT, "value", "headers")
    return raw.mapInArrow(batch_parser(to_arrow_schema(fields, timezone="UTC")), fields)


def batch_parser(schema: pa.Schema) -> BatchParser:
    """Return the function that Spark's Python workers run; ``schema`` is what it gives back."""

    def parse(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield parse_batch(batch, schema)

    return parse


def parse_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Parse one Arrow batch of bronze rows."""
    given = (batch.column(name).to_pylist() for name in ("value", "headers", *_ADDRESS))
    rows = [parse_message(*message) for message in zip(*given, strict=True)]
    arrays = [
        batch.column(field.name).cast(field.type)
        if field.name in _KEPT
        else typed_array([row.get(field.name) for row in rows], field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def parse_message(
    value: bytes | None, headers: Sequence[Row] | None, topic: str, partition: int, offset: int
) -> dict[str, Any]:
    """Return an event's fields, or a rejection's; both with ``sent_by``."""
    named = _last_of_each(headers or ())
    mapping_error = named.get(MAPPING_ERROR_HEADER)
    if mapping_error is not None:
        parsed: Event | Rejection = Rejection(Reason.UNMAPPED_ROW, "", _text(mapping_error))
    else:
        parsed = parse_event(value, topic)
    if isinstance(parsed, Rejection):
        fields = _rejected(parsed, value or b"", named, f"{topic}/{partition}/{offset}")
    else:
        fields = _known_fields(parsed)
    fields["sent_by"] = _optional_text(named.get(PRODUCER_HEADER))
    return fields


def typed_array(values: list[Any], wanted: pa.DataType) -> pa.Array:
    """Build a column from JSON values. Money and times travel as text; Arrow turns them into decimals and UTC times."""
    return pa.array(values, _as_sent(wanted)).cast(wanted)


def _as_sent(wanted: pa.DataType) -> pa.DataType:
    if pa.types.is_list(wanted):
        return pa.list_(_as_sent(wanted.value_type))
    if pa.types.is_struct(wanted):
        return pa.struct([(field.name, _as_sent(field.type)) for field in wanted])
    return pa.string() if pa.types.is_timestamp(wanted) or pa.types.is_decimal(wanted) else wanted


def _known_fields(event: Event) -> dict[str, Any]:
    """Keep what the event's contract names: an unknown field may share a column's name, but not its type."""
    known = _fields_of(event["event_type"], event["schema_version"])
    return event if event.keys() <= known else {name: event[name] for name in event.keys() & known}


@cache
def _fields_of(event_type: str, version: int) -> frozenset[str]:
    return frozenset(load_schema(f"{event_type}.v{version}")["properties"])


def _rejected(rejection: Rejection, value: bytes, headers: Headers, address: str) -> dict[str, Any]:
    file, line = headers.get(SOURCE_FILE_HEADER), headers.get(SOURCE_LINE_HEADER)
    # A row of a file keeps its id in a second replay, which thus adds nothing; else the address is the identity.
    identity = address.encode() if file is None or line is None else b"\0".join((file, line, value))
    line_text = _optional_text(line) or ""
    is_number = line_text.isascii() and line_text.isdigit() and len(line_text) <= _DIGITS_OF_A_BIGINT
    return {
        "rejected_id": sha256(identity).hexdigest(),
        "reason": rejection.reason.value,
        "field": rejection.field,
        "message": rejection.message,
        "value": value,
        "source_file": _optional_text(file),
        "source_line": int(line_text) if is_number else None,
    }


def _last_of_each(headers: Sequence[Row]) -> Headers:
    """Kafka allows a header several times, and any bytes in it; the last one counts, as in Kafka's own clients."""
    return {header["key"]: header["value"] for header in headers}


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace")


def _optional_text(raw: bytes | None) -> str | None:
    return None if raw is None else _text(raw)
