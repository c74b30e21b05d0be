"""Feast's rows in Redis without Feast, whose import takes seconds and 190 MiB: what a model server reads.

A row is a hash: a field of four bytes for each feature, and one for the row's time. Values are protobuf messages with
one field, of whose types ours need six. https://docs.feast.dev/reference/online-stores/redis (data model).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from struct import pack, unpack
from typing import Any

import mmh3

PROJECT = "aisle"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STRING = 2


def row_key(join_key: str, entity_id: str) -> bytes:
    """Return the key of an entity's hash (Feast's serialization 3)."""
    name, value = join_key.encode(), entity_id.encode()
    head = pack("<III", 1, _STRING, len(name)) + name
    return head + pack("<II", _STRING, len(value)) + value + PROJECT.encode()


def feature_field(view: str, feature: str) -> bytes:
    """Return the hash's field of a feature."""
    return mmh3.hash(f"{view}:{feature}", signed=False).to_bytes(4, "little")


def time_field(view: str) -> str:
    """Return the hash's field of the row's time."""
    return f"_ts:{view}"


def value_of(message: bytes | None) -> Any:
    """Return the value in a ``feast.types.Value`` as ``feature_store.values.to_python`` does."""
    for number, value in _fields(message or b""):
        return _AS[number](value)
    return None


def time_of(message: bytes) -> datetime:
    """Return the moment in a ``google.protobuf.Timestamp``: seconds in field 1, nanoseconds in field 2."""
    parts = dict(_fields(message))
    return _EPOCH + timedelta(seconds=_signed(parts.get(1, 0)), microseconds=parts.get(2, 0) // 1_000)


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Yield number and raw value of each field: an integer, eight bytes, or bytes of a stated length."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        length, at = (8, at) if kind == 1 else _varint(message, at)
        yield tag >> 3, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while (byte := message[at]) & 128:
        value |= (byte & 127) << shift
        shift, at = shift + 7, at + 1
    return value | byte << shift, at + 1


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


_AS: dict[int, Callable[[Any], Any]] = {
    2: bytes.decode,
    4: _signed,
    5: lambda value: unpack("<d", value)[0],
    7: bool,
    8: lambda value: _EPOCH + timedelta(seconds=_signed(value)),
    12: lambda value: [text.decode() for _, text in _fields(value)],
}
