"""Between plain Python values and Feast's protobuf values: one formula for the stream, batch and serving."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from feast.protos.feast.types.Value_pb2 import StringList
from feast.protos.feast.types.Value_pb2 import Value as ValueProto
from feast.types import Array, Bool, FeastType, Float64, Int64, String, UnixTimestamp

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_TO_PROTO: dict[FeastType, Callable[[Any], ValueProto]] = {
    String: lambda value: ValueProto(string_val=value),
    Int64: lambda value: ValueProto(int64_val=value),
    Float64: lambda value: ValueProto(double_val=float(value)),
    Bool: lambda value: ValueProto(bool_val=value),
    UnixTimestamp: lambda value: ValueProto(unix_timestamp_val=whole_seconds(value)),
    Array(String): lambda value: ValueProto(string_list_val=StringList(val=value)),
}

# Counts are small numbers: one object serves all that are equal, for nobody changes an encoded value.
_OFTEN_EQUAL = (Int64, Bool)
_MOST_KEPT = 4096
_NOTHING = ValueProto()


def to_proto(dtype: FeastType) -> Callable[[Any], ValueProto]:
    """Return what encodes a value of the type; ``None`` becomes an empty one.

    A time keeps whole seconds: Feast holds no fraction.
    """
    encode = _TO_PROTO[dtype]
    if dtype in _OFTEN_EQUAL:
        encode = lru_cache(_MOST_KEPT)(encode)
    return lambda value: _NOTHING if value is None else encode(value)


def to_python(value: ValueProto) -> Any:
    """Decode one value; an empty one is ``None``, a time is aware and in UTC."""
    kind = value.WhichOneof("val")
    if kind is None:
        return None
    decoded = getattr(value, kind)
    if kind == "unix_timestamp_val":
        return datetime.fromtimestamp(decoded, UTC)
    return list(decoded.val) if kind == "string_list_val" else decoded


def whole_seconds(value: datetime) -> int:
    """Return the seconds since 1970, rounded down."""
    return (aware(value) - _EPOCH) // _SECOND


def aware(value: datetime) -> datetime:
    """Return ``value``; one without a zone raises ``ValueError``."""
    if value.utcoffset() is None:
        msg = f"time {value.isoformat()} has no zone: expected an aware time"
        raise ValueError(msg)
    return value
