"""A value that a backfill makes anew beside its owner: what came since stays, what it does not know it leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import count

import pytest
from redis import Redis

from contracts.errors import NotReadyError, OnlineStoreUnavailableError
from feature_store.live.keys import Kind, live_key, owner_key
from stream_processing.live.changes import Changes
from stream_processing.live.owned_partition import Batch, Claim, claim_partition, commit
from stream_processing.live_backfill.stored_values import StoredValues

_partitions = count(2_000)


@pytest.fixture
def client(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def claim(client: Redis) -> Claim:
    return claim_partition(client, next(_partitions))


@pytest.fixture
def values(client: Redis) -> StoredValues:
    return StoredValues(client)


def append(client: Redis, claim: Claim, number: int, added: bytes) -> str:
    key = live_key(claim.partition, Kind.PRODUCT, "p-1")
    assert commit(client, [Batch(claim, number, number * 10, Changes({key: bytearray(added)}, {}, Counter()))]) == [[]]
    return key


def test_what_the_stream_adds_meanwhile_stays(client: Redis, claim: Claim, values: StoredValues) -> None:
    key = append(client, claim, 1, b"old")
    seen = values.see(claim.partition, [key])
    assert (seen[key].offset, seen[key].length) == (10, 3)
    append(client, claim, 2, b"+since")
    assert values.replace(claim.partition, seen, {key: b"made"}) == []
    assert client.get(key) == b"made+since"
    assert 30 * 86_400 < client.ttl(key) <= 31 * 86_400  # type: ignore[operator]


def test_a_value_that_was_not_there_gets_its_past(client: Redis, claim: Claim, values: StoredValues) -> None:
    append(client, claim, 1, b"x")
    key = live_key(claim.partition, Kind.PRODUCT, "p-2")
    assert values.replace(claim.partition, values.see(claim.partition, [key]), {key: b"made"}) == []
    assert client.get(key) == b"made"


def test_a_value_that_was_folded_meanwhile_is_left(client: Redis, claim: Claim, values: StoredValues) -> None:
    key = append(client, claim, 1, b"old")
    seen = values.see(claim.partition, [key])
    client.set(key, b"dlo and more")
    assert values.replace(claim.partition, seen, {key: b"made"}) == [key]
    assert client.get(key) == b"dlo and more"


def test_after_redis_was_emptied_nothing_is_put_back(client: Redis, claim: Claim, values: StoredValues) -> None:
    append(client, claim, 1, b"x")
    key = live_key(claim.partition, Kind.PRODUCT, "p-2")
    seen = values.see(claim.partition, [key])
    client.delete(owner_key(claim.partition))
    append(client, claim_partition(client, claim.partition), 1, b"x")
    assert values.replace(claim.partition, seen, {key: b"made"}) == [key]
    assert client.get(key) is None


def test_a_stream_of_another_definition_or_none_is_said(client: Redis, claim: Claim, values: StoredValues) -> None:
    with pytest.raises(NotReadyError, match=rf"taken nothing of partition {claim.partition} yet"):
        values.see(claim.partition, ["live:x"])
    key = append(client, claim, 1, b"old")
    seen = values.see(claim.partition, [key])
    client.hset(owner_key(claim.partition), "definition", "of-yesterday")
    with pytest.raises(NotReadyError, match="start it again"):
        values.see(claim.partition, [key])
    assert values.replace(claim.partition, seen, {key: b"made"}) == [key]


def test_a_redis_that_is_not_there_is_one_line(claim: Claim) -> None:
    nowhere = StoredValues(Redis.from_url("redis://127.0.0.1:1"))
    with pytest.raises(OnlineStoreUnavailableError, match=r"online store does not answer: .*127\.0\.0\.1:1"):
        nowhere.see(claim.partition, ["live:x"])
