"""Values in Redis beside the one that writes them: what they were made of is replaced, what came since stays.

A value holds its partition's messages up to the owner's offset, and grows at its end only. So who knows a value at an
offset may put another in its place as long as it still begins as it did. Where it was folded since, or Redis was
emptied, nothing is written. The owner in turn sees that a value which it is about to fold is another one now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from contracts.errors import NotReadyError, OnlineStoreUnavailableError
from feature_store.live.cells import DEFINITION
from feature_store.live.keys import kind_of, owner_key
from stream_processing.live.owned_partition import LIFETIME_S

# KEYS: the owner's, the value's. Values without an owner are no longer (or not yet) those of a stream.
_SEE = """
local owner = redis.call('HMGET', KEYS[1], 'origin', 'definition', 'offset')
local value = redis.call('GET', KEYS[2]) or ''
return {owner[1], owner[2], owner[3], #value, redis.sha1hex(value)}
"""
# ARGV: origin and definition of the owner; how long the value was, and its SHA-1 then; lifetime in s, the new bytes.
# Returns 1, or 0 where nothing was written.
_REPLACE = """
local owner = redis.call('HMGET', KEYS[1], 'origin', 'definition')
if owner[1] ~= ARGV[1] or owner[2] ~= ARGV[2] then return 0 end
local value, length = redis.call('GET', KEYS[2]) or '', tonumber(ARGV[3])
if redis.sha1hex(value:sub(1, length)) ~= ARGV[4] then return 0 end
redis.call('SET', KEYS[2], ARGV[6] .. value:sub(length + 1), 'EX', ARGV[5])
return 1
"""
_KEYS_PER_ROUND_TRIP = 500


@dataclass(frozen=True)
class Seen:
    """A value at a moment: it holds the messages of its partition before ``offset``."""

    origin: bytes
    offset: int
    length: int
    digest: bytes


class StoredValues:
    """The values of live features. Every call raises ``OnlineStoreUnavailableError``."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def see(self, partition: int, keys: Sequence[str]) -> dict[str, Seen]:
        """Return each value as it is; one that is not there is empty.

        Raises ``NotReadyError`` where no ``aisle features live`` of the same counters and windows has written any.
        """
        answers = self._run(_SEE, partition, dict.fromkeys(keys, ()))
        return {key: _seen(partition, answer) for key, answer in zip(keys, answers, strict=True)}

    def replace(self, partition: int, seen: Mapping[str, Seen], values: Mapping[str, bytes]) -> list[str]:
        """Put ``values`` in place of what was ``seen``; return the keys where that is no more and nothing was done."""
        arguments = {
            key: (seen[key].origin, DEFINITION, seen[key].length, seen[key].digest, LIFETIME_S[kind_of(key)], value)
            for key, value in values.items()
        }
        answers = self._run(_REPLACE, partition, arguments)
        return [key for key, done in zip(arguments, answers, strict=True) if not done]

    def _run(self, script: str, partition: int, arguments: Mapping[str, tuple[Any, ...]]) -> list[Any]:
        """Run the script for each key, with its arguments, each by itself: others have their turn between them."""
        owner, keys = owner_key(partition), list(arguments)
        answers: list[Any] = []
        try:
            for start in range(0, len(keys), _KEYS_PER_ROUND_TRIP):
                pipe = self._client.pipeline(transaction=False)
                for key in keys[start : start + _KEYS_PER_ROUND_TRIP]:
                    pipe.eval(script, 2, owner, key, *arguments[key])
                answers += pipe.execute()
        except RedisError as error:
            msg = f"online store does not answer: {error}"
            raise OnlineStoreUnavailableError(msg) from error
        return answers


def _seen(partition: int, answer: Sequence[Any]) -> Seen:
    origin, definition, offset, length, digest = answer
    if offset is None:
        msg = f"live features have taken nothing of partition {partition} yet: expected `aisle features live` to run"
        raise NotReadyError(msg)
    if definition != DEFINITION.encode():
        msg = (
            f"live features of partition {partition} are written under other counters or windows than this version's: "
            "stop `aisle features live`, start it again, then run this again"
        )
        raise NotReadyError(msg)
    return Seen(origin, int(offset), length, digest)
