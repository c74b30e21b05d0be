"""From the JSON of checked messages to the columns of a silver event table."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
import pyarrow as pa

from contracts.events import Event, load_schema
from contracts.tables import Table
from data_lake.schemas import arrow_schema

# Bounds how many events stand in memory as Python objects at a time.
_CHUNK = 10_000


def typed_events(messages: pa.Table, table: Table) -> pa.Table:
    """Return the rows of ``table`` for messages that ``checked_messages`` found to be events of its topic."""
    chunks = [_typed(chunk, table) for chunk in messages.to_batches(max_chunksize=_CHUNK)]
    return pa.Table.from_batches(chunks, arrow_schema(table))


def _typed(messages: pa.RecordBatch, table: Table) -> pa.RecordBatch:
    schema = arrow_schema(table)
    events = [_known_fields(orjson.loads(value)) for value in messages.column("value").to_pylist()]
    arrays = [
        messages.column(field.name).cast(field.type)
        if field.name in messages.schema.names
        else typed_array([event.get(field.name) for event in events], field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def typed_array(values: list[Any], wanted: pa.DataType) -> pa.Array:
    """Build a column from JSON values. Money and times travel as text; Arrow turns them into decimals and UTC times."""
    return pa.array(values, _as_sent(wanted)).cast(wanted)


def _as_sent(wanted: pa.DataType) -> pa.DataType:
    if pa.types.is_list(wanted):
        return pa.list_(_as_sent(wanted.value_type))
    if pa.types.is_struct(wanted):
        return pa.struct([(field.name, _as_sent(field.type)) for field in wanted])
    return pa.string() if pa.types.is_timestamp(wanted) or pa.types.is_decimal(wanted) else wanted


def _known_fields(event: Event) -> Event:
    """Keep what the event's contract names: an unknown field may share a column's name, but not its type."""
    known = _fields_of(event["event_type"], event["schema_version"])
    return event if event.keys() <= known else {name: event[name] for name in event.keys() & known}


@cache
def _fields_of(event_type: str, version: int) -> frozenset[str]:
    return frozenset(load_schema(f"{event_type}.v{version}")["properties"])
