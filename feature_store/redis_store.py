"""Feast's Redis store with four changes: a URL, an atomic "never older" write, a lifetime per view, and live views.

Feast's own write reads the stored times first and skips rows that are not strictly newer. Both are wrong here: two
writers may overtake each other between read and write, and a day that is built again has the same time, so that its
correction would be skipped. The format stays Feast's: its SDK reads it.
Live views have no rows: a count that falls by itself cannot be stored, so each is computed when it is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Literal

from feast import FeatureView, RepoConfig
from feast.infra.online_stores.helpers import _redis_key
from feast.infra.online_stores.online_store import OnlineStore
from feast.infra.online_stores.redis import RedisOnlineStore, RedisOnlineStoreConfig
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.utils import make_tzaware
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.backoff import NoBackoff
from redis.retry import Retry

from contracts.clock import SystemClock
from feature_store.encoded_rows import EncodedRows, encoded_time, hash_fields
from feature_store.live.reader import LiveFeatures
from feature_store.live_rows import LiveRow, is_live, live_rows, require_rows

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# KEYS: entities. ARGV: lifetime in s (0: for ever), number of fields, their names (first that of the time in µs), then
# as many values for each key. Returns how many were written.
_WRITE_UNLESS_OLDER = """
local fields, written = tonumber(ARGV[2]), 0
for i = 1, #KEYS do
  local at = 2 + i * fields
  local stored = redis.call('HGET', KEYS[i], ARGV[3])
  if not stored or tonumber(stored) <= tonumber(ARGV[at + 1]) then
    local named = {}
    for j = 1, fields do
      named[2 * j - 1], named[2 * j] = ARGV[2 + j], ARGV[at + j]
    end
    redis.call('HSET', KEYS[i], unpack(named))
    if ARGV[1] ~= '0' then redis.call('EXPIRE', KEYS[i], ARGV[1]) end
    written = written + 1
  end
end
return written
"""
# So many rows keep Redis from answering others for well below a millisecond.
_ROWS_PER_SCRIPT = 20

Row = tuple[EntityKey, dict[str, Value], datetime, datetime | None]


class UrlRedisOnlineStoreConfig(RedisOnlineStoreConfig):
    """``connection_string`` is a Redis URL; ``timeout_s`` bounds connecting and each answer."""

    type: Literal["feature_store.redis_store.UrlRedisOnlineStore"] = "feature_store.redis_store.UrlRedisOnlineStore"  # type: ignore[assignment]
    timeout_s: float = 1.0


class UrlRedisOnlineStore(RedisOnlineStore):
    """Writes a row unless the stored one is newer; a view's keys expire its ``ttl`` after their last write."""

    def online_write_batch(
        self,
        config: RepoConfig,
        table: FeatureView,
        data: list[Row],
        progress: Callable[[int], Any] | None,
    ) -> None:
        """Write rows of the same features, each atomically; ``progress`` gets the number written."""
        require_rows(table)
        if not data:
            return
        names = list(data[0][1])
        rows = EncodedRows(
            [_redis_key(config.project, key, config.entity_key_serialization_version) for key, *_ in data],
            hash_fields(table.name, names),
            [_encoded(values, names, make_tzaware(stated_time)) for _, values, stated_time, _ in data],
        )
        written = self.write(config, table, rows)
        if progress:
            progress(written)

    def write(self, config: RepoConfig, view: FeatureView, rows: EncodedRows) -> int:
        """Write rows of a view, each atomically, all in one round trip; return how many were not older."""
        client = self._get_client(config.online_store)
        script = client.register_script(_WRITE_UNLESS_OLDER)
        lifetime_s = int(view.ttl.total_seconds()) if view.ttl else 0
        with client.pipeline(transaction=False) as pipe:
            for first in range(0, len(rows.keys), _ROWS_PER_SCRIPT):
                part = slice(first, first + _ROWS_PER_SCRIPT)
                values = chain.from_iterable(rows.values[part])
                script(rows.keys[part], [lifetime_s, len(rows.fields), *rows.fields, *values], pipe)
            return sum(pipe.execute())

    def online_read(
        self,
        config: RepoConfig,
        table: FeatureView,
        entity_keys: list[EntityKey],
        requested_features: list[str] | None = None,
    ) -> list[LiveRow]:
        """Return the time and the features of each entity, of a live view as of now."""
        if is_live(table):
            live = LiveFeatures(self._get_client(config.online_store), SystemClock())
            return live_rows(live, table, entity_keys, requested_features)
        rows: list[LiveRow] = super().online_read(config, table, entity_keys, requested_features)
        return rows

    def _read_features_per_fv(self, config: RepoConfig, grouped_refs: list[Any], *rest: Any) -> None:
        """Read what has rows as Feast does, all at once, and live views one by one."""
        live, stored = _parted(grouped_refs)
        super()._read_features_per_fv(config, stored, *rest)
        OnlineStore._read_features_per_fv(self, config, live, *rest)  # noqa: SLF001 - what Feast does for a store

    async def _read_features_per_fv_async(self, config: RepoConfig, grouped_refs: list[Any], *rest: Any) -> None:
        """Do the same for `feast serve`."""
        live, stored = _parted(grouped_refs)
        await super()._read_features_per_fv_async(config, stored, *rest)
        await asyncio.to_thread(OnlineStore._read_features_per_fv, self, config, live, *rest)  # noqa: SLF001 - the same

    def _get_client(self, online_store_config: Any) -> Any:
        """Connect once; one retry for a connection that had gone stale, none of redis-py's seconds of back-off."""
        if self._client is None:
            self._client = Redis.from_url(
                online_store_config.connection_string,
                socket_timeout=online_store_config.timeout_s,
                socket_connect_timeout=online_store_config.timeout_s,
                retry=Retry(NoBackoff(), 1),
            )
        return self._client

    async def _get_client_async(self, online_store_config: Any) -> Any:
        """Return the client of `feast serve`."""
        if self._client_async is None:
            self._client_async = AsyncRedis.from_url(
                online_store_config.connection_string,
                socket_timeout=online_store_config.timeout_s,
                socket_connect_timeout=online_store_config.timeout_s,
            )
        return self._client_async


def _parted(grouped_refs: list[Any]) -> tuple[list[Any], list[Any]]:
    """Return the references to live views, and the others."""
    live = [each for each in grouped_refs if is_live(each[0])]
    return live, [each for each in grouped_refs if not is_live(each[0])]


def _encoded(values: dict[str, Value], names: Sequence[str], event_time: datetime) -> list[bytes | int]:
    time_us = (event_time - _EPOCH) // _MICROSECOND
    return [time_us, encoded_time(event_time), *(values[name].SerializeToString() for name in names)]
