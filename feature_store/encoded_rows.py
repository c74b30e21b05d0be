"""Rows of a feature view as Feast's Redis format has them, made column by column: for millions of rows.

A value's formula is ``values.to_proto``; here it is asked once for each distinct value of a column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import pyarrow as pa
from feast import FeatureView, RepoConfig
from feast.infra.online_stores.helpers import _mmh3, _redis_key
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.types import FeastType, Float64
from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[import-untyped]

from feature_store.values import to_proto

# Of a view's key in Redis: when its values are from, in µs since 1970. Feast's own time is a protobuf message.
_TIME_US = "_us:"
_TIME = "_ts:"


@dataclass(frozen=True)
class EncodedRows:
    """Hashes to write: a key each, the names of their fields, and a row of values each, in the fields' order.

    The first field is the time in µs since 1970 by which rows are older or newer.
    """

    keys: Sequence[bytes]
    fields: Sequence[bytes | str]
    values: Sequence[Sequence[bytes | int]]


def encoded_rows(config: RepoConfig, view: FeatureView, rows: pa.RecordBatch, time_column: str) -> EncodedRows:
    """Return rows that have the view's join key, its features as declared, and ``time_column`` (µs, UTC)."""
    [join_key] = view.join_keys
    times = rows[time_column]
    columns = [encoded_column(rows[feature.name], feature.dtype) for feature in view.features]
    times_us = times.cast(pa.int64()).to_pylist()
    return EncodedRows(
        [redis_key(config, join_key, entity_id) for entity_id in rows[join_key].to_pylist()],
        hash_fields(view.name, [feature.name for feature in view.features]),
        list(zip(times_us, _of_distinct(times, encoded_time), *columns, strict=True)),
    )


def encoded_column(column: pa.Array, dtype: FeastType) -> list[bytes]:
    """Return each value as the bytes of Feast's protobuf message; a null is the empty message."""
    encode = to_proto(dtype)

    def as_bytes(value: Any) -> bytes:
        encoded: bytes = encode(value).SerializeToString()
        return encoded

    # Doubles are seldom equal, and Arrow makes no dictionary of lists.
    if dtype == Float64 or pa.types.is_nested(column.type):
        return [as_bytes(value) for value in column.to_pylist()]
    return _of_distinct(column, as_bytes)


def _of_distinct(column: pa.Array, as_bytes: Callable[[Any], bytes]) -> list[bytes]:
    distinct = column.dictionary_encode()
    encoded = [as_bytes(value) for value in distinct.dictionary.to_pylist()]
    if column.null_count:
        encoded.append(as_bytes(None))
    return [encoded[number] for number in distinct.indices.fill_null(len(encoded) - 1).to_numpy().tolist()]


def redis_key(config: RepoConfig, join_key: str, entity_id: str) -> bytes:
    """Return the key of one entity's hash."""
    entity = EntityKey(join_keys=[join_key], entity_values=[Value(string_val=entity_id)])
    key: bytes = _redis_key(config.project, entity, config.entity_key_serialization_version)
    return key


def hash_fields(view: str, features: Sequence[str]) -> list[bytes | str]:
    """Return the names of a hash's fields: the time in µs, Feast's time, features."""
    return [f"{_TIME_US}{view}", f"{_TIME}{view}", *(_field(view, name) for name in features)]


def encoded_time(event_time: datetime) -> bytes:
    """Return an aware time as Feast keeps it."""
    timestamp = Timestamp()
    timestamp.FromDatetime(event_time)
    encoded: bytes = timestamp.SerializeToString()
    return encoded


@cache
def _field(view: str, feature: str) -> bytes:
    field: bytes = _mmh3(f"{view}:{feature}")
    return field
