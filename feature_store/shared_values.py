"""Values that one process makes for all: in Redis, for a minute, with a claim on making each."""

from __future__ import annotations

from typing import NamedTuple

from redis import Redis

from feature_store.online_errors import naming_the_store

_KEPT_S = 60
# Who claimed it and died does not keep the others from making it for longer.
_CLAIM_MS = 500
_FIND_OR_CLAIM = """
local value = redis.call('GET', KEYS[1])
if value then return {value, 0} end
return {false, redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[1]) and 1 or 0}
"""


class Found(NamedTuple):
    """A value; where there is none, whether it falls to the caller to make it."""

    value: bytes | None
    is_claimed: bool


class SharedValues:
    """Values by key, all below one prefix. Safe to share between threads.

    Every call is one round trip and raises ``OnlineStoreUnavailableError``.
    """

    def __init__(self, client: Redis, prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self._find_or_claim = client.register_script(_FIND_OR_CLAIM)

    def find_or_claim(self, key: bytes) -> Found:
        """Return the value; where there is none, the first to ask is to make it, and the others may wait for it."""
        with naming_the_store():
            value, is_claimed = self._find_or_claim([self._key(key), self._claim(key)], [_CLAIM_MS])
        return Found(value, bool(is_claimed))

    def find(self, key: bytes) -> bytes | None:
        """Return the value."""
        with naming_the_store():
            return self._client.get(self._key(key))  # type: ignore[return-value]

    def put(self, key: bytes, value: bytes) -> None:
        """Keep a value, and give up the claim on making it."""
        with naming_the_store(), self._client.pipeline(transaction=False) as pipe:
            pipe.set(self._key(key), value, ex=_KEPT_S)
            pipe.delete(self._claim(key))
            pipe.execute()

    def _key(self, key: bytes) -> str:
        # The braces put a value and its claim into one slot of a Redis Cluster.
        return f"{self._prefix}:{{{key.hex()}}}"

    def _claim(self, key: bytes) -> str:
        return f"{self._key(key)}:claim"
