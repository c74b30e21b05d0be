"""From Kafka's messages to events and rejections: the contract, applied to Arrow batches in Spark's Python workers.

``contracts.parse_event`` decides; what is here adds the message's identity and what its headers say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import from_arrow_schema

from contracts.events import Reason, Rejection, parse_event
from contracts.topics import MAPPING_ERROR_HEADER, PRODUCER_HEADER, SOURCE_FILE_HEADER, SOURCE_LINE_HEADER

Header = Mapping[str, Any]

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
_DIGITS_OF_A_BIGINT = 18


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


def check_message(
    value: bytes | None, headers: Sequence[Header] | None, topic: str, partition: int, offset: int
) -> dict[str, Any]:
    """Return what there is to say about one message."""
    named = _last_of_each(headers or ())
    mapping_error = named.get(MAPPING_ERROR_HEADER)
    if mapping_error is None:
        checked = parse_event(value, topic)
    else:
        checked = Rejection(Reason.UNMAPPED_ROW, "", _text(mapping_error))
    file, line = named.get(SOURCE_FILE_HEADER), named.get(SOURCE_LINE_HEADER)
    from_headers = {
        "sent_by": _optional_text(named.get(PRODUCER_HEADER)),
        "source_file": _optional_text(file),
        "source_line": _line_number(line),
    }
    if not isinstance(checked, Rejection):
        return {"id": checked["event_id"], **from_headers}
    # A row of a file keeps its id in a second replay, which thus adds nothing; else the address is the identity.
    address = f"{topic}/{partition}/{offset}".encode()
    identity = address if file is None or line is None else b"\0".join((file, line, value or b""))
    rejection = {"reason": checked.reason.value, "field": checked.field, "message": checked.message}
    return {"id": sha256(identity).hexdigest(), **rejection, **from_headers}


def _last_of_each(headers: Sequence[Header]) -> dict[str, bytes | None]:
    """Kafka allows a header several times, and any bytes in it; the last one counts, as in Kafka's own clients."""
    return {header["key"]: header["value"] for header in headers}


def _line_number(raw: bytes | None) -> int | None:
    text = _optional_text(raw) or ""
    is_number = text.isascii() and text.isdigit() and len(text) <= _DIGITS_OF_A_BIGINT
    return int(text) if is_number else None


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="replace")


def _optional_text(raw: bytes | None) -> str | None:
    return None if raw is None else _text(raw)
