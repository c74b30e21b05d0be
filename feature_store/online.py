"""Features read and written online, in plain Python values: what the stream and the model server call.

Never loads Spark, the lake or a Feast registry: the definitions are code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
from feast import FeatureView, RepoConfig
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from redis.exceptions import RedisError

from contracts.errors import OnlineStoreUnavailableError
from feature_store.definitions import view_named
from feature_store.encoded_rows import encoded_rows
from feature_store.read_log import EVENT_TIMESTAMP
from feature_store.redis_store import Row, UrlRedisOnlineStore
from feature_store.values import aware, to_proto, to_python


class OnlineFeatures:
    """The online store behind three calls. Safe to share between threads."""

    def __init__(self, store: UrlRedisOnlineStore, config: RepoConfig) -> None:
        self._store = store
        self._config = config

    def read(self, view: str, ids: Sequence[str]) -> list[dict[str, Any] | None]:
        """Return the latest features of each id, in order, with ``event_timestamp``; ``None`` where there are none.

        Raises ``UnknownNameError`` for a view that is not defined, ``OnlineStoreUnavailableError`` when Redis
        does not answer in time.
        """
        definition = view_named(view)
        [join_key] = definition.join_keys
        keys = [_entity_key(join_key, entity_id) for entity_id in ids]
        with self._naming_the_url():
            found = self._store.online_read(self._config, definition, keys)
        return [_as_features(values, event_time) for event_time, values in found]

    def write(self, view: str, rows: Sequence[Mapping[str, Any]]) -> int:
        """Store rows (join key, ``event_timestamp``, every feature); return how many were not older than the stored.

        Of rows with one id and one time the last one stays. Raises like ``read``, and ``KeyError`` for a row
        that lacks a feature.
        """
        definition = view_named(view)
        written = 0

        def count(number: int) -> None:
            nonlocal written
            written += number

        if encoded := _encode(definition, rows):
            with self._naming_the_url():
                self._store.online_write_batch(self._config, definition, encoded, count)
        return written

    def write_batch(self, view: FeatureView, rows: pa.RecordBatch, time_column: str) -> int:
        """Store many rows (join key, ``time_column``, every feature as declared); return and raise like ``write``."""
        encoded = encoded_rows(self._config, view, rows, time_column)
        with self._naming_the_url():
            return self._store.write(self._config, view, encoded)

    @contextmanager
    def _naming_the_url(self) -> Iterator[None]:
        try:
            yield
        except RedisError as error:
            url = _without_secret(self._config.online_store.connection_string)
            msg = f"online store {url} does not answer: {error}"
            raise OnlineStoreUnavailableError(msg) from error


def _entity_key(join_key: str, entity_id: str) -> EntityKey:
    return EntityKey(join_keys=[join_key], entity_values=[Value(string_val=entity_id)])


def _encode(view: FeatureView, rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    [join_key] = view.join_keys
    encoders = {feature.name: to_proto(feature.dtype) for feature in view.features}
    return [
        (
            _entity_key(join_key, row[join_key]),
            {name: encode(row[name]) for name, encode in encoders.items()},
            aware(row[EVENT_TIMESTAMP]),
            None,
        )
        for row in rows
    ]


def _as_features(values: Mapping[str, Value] | None, event_time: Any) -> dict[str, Any] | None:
    """Feast answers an unknown key with all values empty and the time 1970."""
    decoded = {name: to_python(value) for name, value in (values or {}).items()}
    if all(value is None for value in decoded.values()):
        return None
    return {**decoded, EVENT_TIMESTAMP: event_time}


def _without_secret(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
