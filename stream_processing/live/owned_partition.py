"""One partition's values in Redis, written by its one owner, together with the offset that they hold.

A batch is one script: Redis runs it whole or not at all, also through a crash. It writes only for the owner that
claimed last (its epoch), and only as the next batch of that owner. So a batch that is sent twice, because the first
answer was lost, is written once, and a process that no longer owns the partition writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha1
from itertools import chain
from typing import Any, cast
from uuid import uuid4

from redis import Redis
from redis.exceptions import RedisError

from feature_store.live.cells import DEFINITION
from feature_store.live.keys import Kind, kind_of, owner_key
from feature_store.live.windows import LONGEST
from stream_processing.live.changes import Changes

_DAY_S = int(timedelta(days=1).total_seconds())
LIFETIME_S = {
    Kind.VISITOR: LONGEST.span_s + _DAY_S,
    Kind.PRODUCT: LONGEST.span_s + _DAY_S,
    Kind.SESSION: 90 * _DAY_S,
}
# A value is folded each time it has grown by so many bytes.
_FOLD_EVERY = {Kind.VISITOR: 16_384, Kind.PRODUCT: 2_048, Kind.SESSION: 8_192}
_FENCED, _STALE = "FENCED", "STALE"

# KEYS: the owner's, then one a change. ARGV: epoch, number of the batch, offset after it; then for each change how many
# bytes it folds at, lifetime in s, the bytes to append. Or "=" and the SHA-1 of what the value must be, lifetime, and
# the bytes in place of that. Returns the changes (by number, from 1) whose values are to be folded.
_COMMIT = f"""
local owner = redis.call('HMGET', KEYS[1], 'epoch', 'batch')
if owner[1] ~= ARGV[1] then return redis.error_reply('{_FENCED}') end
if owner[2] == ARGV[2] then return {{}} end
for i = 2, #KEYS do
  local expected = ARGV[4 + (i - 2) * 3]
  if expected:sub(1, 1) == '=' and '=' .. redis.sha1hex(redis.call('GET', KEYS[i]) or '') ~= expected then
    return redis.error_reply('{_STALE}')
  end
end
local long = {{}}
for i = 2, #KEYS do
  local at = 4 + (i - 2) * 3
  local fold_every = tonumber(ARGV[at])
  if fold_every then
    local length = redis.call('APPEND', KEYS[i], ARGV[at + 2])
    if length % fold_every < #ARGV[at + 2] then long[#long + 1] = i - 1 end
  else
    redis.call('SET', KEYS[i], ARGV[at + 2])
  end
  if redis.call('TTL', KEYS[i]) < ARGV[at + 1] - {_DAY_S // 2} then redis.call('EXPIRE', KEYS[i], ARGV[at + 1]) end
end
redis.call('HSET', KEYS[1], 'batch', ARGV[2], 'offset', ARGV[3])
return long
"""
_CLAIM = """
local epoch = redis.call('HINCRBY', KEYS[1], 'epoch', 1)
redis.call('HSETNX', KEYS[1], 'origin', ARGV[2])
redis.call('HSET', KEYS[1], 'batch', '0', 'definition', ARGV[1])
return {tostring(epoch), redis.call('HGET', KEYS[1], 'offset')}
"""


class StaleError(Exception):
    """A value that a batch replaces is not what it was made from: ``aisle features backfill`` has written it."""


@dataclass(frozen=True)
class Claim:
    """The right to write one partition's values, which hold the topic up to ``offset`` (None: nothing yet)."""

    partition: int
    epoch: int
    offset: int | None


@dataclass(frozen=True)
class Batch:
    """Changes to commit, as batch ``number`` (from 1) of a claim; the values then hold the topic up to ``offset``.

    ``before`` has the values that those to replace were made from.
    """

    claim: Claim
    number: int
    offset: int
    changes: Changes
    before: Mapping[str, bytes] = field(default_factory=dict)


def claim_partition(client: Redis, partition: int) -> Claim:
    """Take the partition over: what its owner before still sends is refused. Raises ``RedisError``."""
    arguments = DEFINITION, uuid4().hex
    epoch, offset = cast("list[bytes]", client.eval(_CLAIM, 1, owner_key(partition), *arguments))
    return Claim(partition, int(epoch), None if offset is None else int(offset))


def commit(client: Redis, batches: Sequence[Batch]) -> list[list[str] | None]:
    """Write each batch whole, all in one round trip.

    Returns for each the keys to fold with the next one; None where another has claimed the partition: nothing of that
    batch is written. Raises ``RedisError`` where Redis did not do as told: committing the same again is right then; and
    ``StaleError`` where at least one batch must be made again from the values as they are.
    """
    pipe = client.pipeline(transaction=False)
    inputs = [_script_input(batch) for batch in batches]
    for keys, arguments in inputs:
        pipe.eval(_COMMIT, len(keys), *keys, *arguments)
    answers = pipe.execute(raise_on_error=False)
    return [_keys_to_fold(keys, answer) for (keys, _), answer in zip(inputs, answers, strict=True)]


def _script_input(batch: Batch) -> tuple[list[str], list[Any]]:
    appended, replaced = batch.changes.appended, batch.changes.replaced
    keys = [owner_key(batch.claim.partition), *appended, *replaced]
    kinds = {key: kind_of(key) for key in keys[1:]}
    arguments = chain(
        (batch.claim.epoch, batch.number, batch.offset),
        *((_FOLD_EVERY[kinds[key]], LIFETIME_S[kinds[key]], bytes(value)) for key, value in appended.items()),
        *((f"={digest(batch.before.get(key, b''))}", LIFETIME_S[kinds[key]], value) for key, value in replaced.items()),
    )
    return keys, list(arguments)


def digest(value: bytes) -> str:
    """Return what Redis' scripts call ``redis.sha1hex``."""
    return sha1(value, usedforsecurity=False).hexdigest()


def _keys_to_fold(keys: Sequence[str], answer: Any) -> list[str] | None:
    if isinstance(answer, RedisError):
        if str(answer).startswith(_FENCED):
            return None
        raise StaleError if str(answer).startswith(_STALE) else answer
    return [keys[number] for number in answer]
