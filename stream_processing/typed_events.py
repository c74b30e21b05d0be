"""From the JSON of checked messages to the columns of a silver event table.

Arrow's reader takes a third of the time of Python's objects, and leaves Python's lock to the other threads. It is
strict: events that it refuses, or of which it would read more than their contract names, are read one by one.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as arrow_json

from contracts.events import Event, load_schema
from contracts.tables import Table
from data_lake.schemas import arrow_schema

# Bounds how many events stand in memory as Python objects at a time.
_CHUNK = 10_000
_LARGEST_BLOCK = 2**31 - 1


def typed_events(messages: pa.Table, table: Table) -> pa.Table:
    """Return the rows of ``table`` for messages that ``checked_messages`` found to be events of its topic."""
    chunks = [_typed(chunk, table) for chunk in messages.to_batches(max_chunksize=_CHUNK)]
    return pa.Table.from_batches(chunks, arrow_schema(table))


def typed_array(values: list[Any], wanted: pa.DataType) -> pa.Array:
    """Build a column from JSON values. Money and times travel as text; Arrow turns them into decimals and UTC times."""
    return pa.array(values, _as_sent(wanted)).cast(wanted)


def _typed(messages: pa.RecordBatch, table: Table) -> pa.RecordBatch:
    schema = arrow_schema(table)
    in_json = [field for field in schema if field.name not in messages.schema.names]
    sent = pa.schema([(field.name, _as_sent(field.type)) for field in in_json])
    values = messages.column("value").to_pylist()
    read = _read_at_once(values, sent) or _read_one_by_one(values, sent)
    arrays = [(read if field in in_json else messages)[field.name].cast(field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _read_at_once(values: list[bytes], sent: pa.Schema) -> pa.RecordBatch | None:
    """Return the fields of events, None where that cannot be told by Arrow alone."""
    text = b"\n".join(values)
    whole = arrow_json.ReadOptions(use_threads=False, block_size=min(len(text) + 1, _LARGEST_BLOCK))
    fields = arrow_json.ParseOptions(explicit_schema=sent, unexpected_field_behavior="ignore")
    try:
        read = arrow_json.read_json(pa.BufferReader(text), whole, fields).combine_chunks()
    except pa.ArrowInvalid:
        return None
    [events] = read.to_batches()
    return None if len(events) != len(values) or _has_unknown_fields(events) else events


def _has_unknown_fields(events: pa.RecordBatch) -> bool:
    """Say whether an event has a field that its contract does not name, but another one's does."""
    kinds = pa.Table.from_batches([events]).group_by(["event_type", "schema_version"]).aggregate([])
    for kind in kinds.to_pylist():
        known = _fields_of(**kind)
        of_kind = pc.and_(*(pc.equal(events[name], value) for name, value in kind.items()))
        for name in events.schema.names:
            if name not in known and pc.any(pc.and_(of_kind, pc.is_valid(events[name]))).as_py():
                return True
    return False


def _read_one_by_one(values: list[bytes], sent: pa.Schema) -> pa.RecordBatch:
    events = [_known_fields(orjson.loads(value)) for value in values]
    columns = [pa.array([event.get(field.name) for event in events], field.type) for field in sent]
    return pa.RecordBatch.from_arrays(columns, schema=sent)


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
def _fields_of(event_type: str, schema_version: int) -> frozenset[str]:
    return frozenset(load_schema(f"{event_type}.v{schema_version}")["properties"])
