"""From Kafka's messages to events and rejections: the contract, applied to Arrow batches in Spark's Python workers.

``message_check`` says what there is to say about each message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import from_arrow_schema

from stream_processing.message_check import check_message

_UTC = pa.timestamp("us", tz="UTC")
_TAKEN_OVER = {
    "topic": pa.string(),
    "partition": pa.int32(),
    "offset": pa.int64(),
    "received_at": _UTC,
    "processed_at": _UTC,
    "value": pa.binary(),
}
_FOUND = {
    "id": pa.string(),
    "reason": pa.string(),
    "field": pa.string(),
    "message": pa.string(),
    "sent_by": pa.string(),
    "source_file": pa.string(),
    "source_line": pa.int64(),
}
_SCHEMA = pa.schema(list((_TAKEN_OVER | _FOUND).items()))


def check_messages(messages: DataFrame) -> DataFrame:
    """Add to each message its ``id``, what its headers say and, where it is no event, why.

    ``id`` is the event's own, or the ``rejected_id``. ``reason`` is null for an event. The key is dropped.
    """
    taken = messages.select(*_TAKEN_OVER, "headers")
    return taken.mapInArrow(_check_batches, from_arrow_schema(_SCHEMA))


def _check_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield check_batch(batch)


def check_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Check one Arrow batch of messages."""
    given = (batch.column(name).to_pylist() for name in ("value", "headers", "topic", "partition", "offset"))
    found = [check_message(*message) for message in zip(*given, strict=True)]
    taken = [batch.column(name).cast(kind) for name, kind in _TAKEN_OVER.items()]
    added = [pa.array([row.get(name) for row in found], kind) for name, kind in _FOUND.items()]
    return pa.RecordBatch.from_arrays([*taken, *added], schema=_SCHEMA)
