"""Online features of a person: found by key and by the ids that features hold, and deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any

from feast import RepoConfig
from feast.infra.online_stores.helpers import _mmh3, _redis_key
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from redis import Redis
from redis.exceptions import RedisError

from contracts.errors import OnlineStoreUnavailableError
from feature_store.customer_lists import customer_list_key
from feature_store.definitions import CUSTOMER, VIEWS, VISITOR
from feature_store.live.keys import ANY_SESSION, Kind, live_keys
from feature_store.live.session_log import customers

_ID_FEATURES = ("visitor_id", "customer_id")
_KEYS_PER_ROUND_TRIP = 1_000


class OnlineErasure:
    """Every key of Aisle's Redis. Both calls raise ``OnlineStoreUnavailableError``."""

    def __init__(self, client: Redis, config: RepoConfig) -> None:
        self._client = client
        self._config = config

    def find(self, ids: AbstractSet[str]) -> list[bytes]:
        """Return the keys of visitors and customers among ``ids``, and those whose features or log name one.

        Reads the whole store: 60,000 keys a second or so.
        """
        try:
            own = [key for key in self._own_keys(ids) if self._client.exists(key)]
            return sorted({*own, *self._naming(ids), *self._logs_naming(ids)})
        except RedisError as error:
            msg = f"online store does not answer: {error}"
            raise OnlineStoreUnavailableError(msg) from error

    def delete(self, keys: Sequence[bytes]) -> None:
        """Delete the keys; one that is gone already is as good."""
        try:
            for key in keys:
                self._client.delete(key)
        except RedisError as error:
            msg = f"online store does not answer: {error}"
            raise OnlineStoreUnavailableError(msg) from error

    def _own_keys(self, ids: AbstractSet[str]) -> Iterator[bytes]:
        version = self._config.entity_key_serialization_version
        for entity in (VISITOR, CUSTOMER):
            for each in ids:
                key = EntityKey(join_keys=[entity.join_key], entity_values=[Value(string_val=each)])
                yield _redis_key(self._config.project, key, version)
        for each in ids:
            yield from (key.encode() for kind in (Kind.VISITOR, Kind.SESSION) for key in live_keys(kind, each))
            yield customer_list_key(each).encode()

    def _naming(self, ids: AbstractSet[str]) -> Iterator[bytes]:
        fields = [
            _mmh3(f"{view.name}:{feature.name}")
            for view in VIEWS
            for feature in view.features
            if feature.name in _ID_FEATURES
        ]
        for keys in _chunks(self._client.scan_iter(count=_KEYS_PER_ROUND_TRIP, _type="hash")):
            with self._client.pipeline(transaction=False) as pipe:
                for key in keys:
                    pipe.hmget(key, fields)  # type: ignore[arg-type]
                for key, values in zip(keys, pipe.execute(), strict=True):
                    if any(Value.FromString(value).string_val in ids for value in values if value):
                        yield key

    def _logs_naming(self, ids: AbstractSet[str]) -> Iterator[bytes]:
        """Yield the keys of visitors' logs in which one of the ids is that of a customer."""
        for keys in _chunks(self._client.scan_iter(match=ANY_SESSION, count=_KEYS_PER_ROUND_TRIP)):
            values: list[bytes | None] = self._client.mget(keys)  # type: ignore[assignment]
            yield from (
                key for key, log in zip(keys, values, strict=True) if log and not ids.isdisjoint(customers(log))
            )


def _chunks(keys: Iterable[Any]) -> Iterator[list[bytes]]:
    remaining = iter(keys)
    while chunk := list(islice(remaining, _KEYS_PER_ROUND_TRIP)):
        yield chunk
