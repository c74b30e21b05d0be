"""A batch of a partition reaches Redis once and whole, and from its owner only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import count

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from feature_store.live.keys import Kind, live_key
from stream_processing.live.changes import Changes
from stream_processing.live.owned_partition import Batch, Claim, StaleError, claim_partition, commit

_partitions = count(1_000)


@pytest.fixture
def client(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def claim(client: Redis) -> Claim:
    return claim_partition(client, next(_partitions))


def product(claim: Claim) -> str:
    return live_key(claim.partition, Kind.PRODUCT, "p-1")


def batch(claim: Claim, number: int, added: bytes) -> Batch:
    return Batch(claim, number, number * 10, Changes({product(claim): bytearray(added)}, {}, Counter()))


def fold(claim: Claim, number: int, before: bytes) -> Batch:
    changes = Changes({}, {product(claim): b"f"}, Counter())
    return Batch(claim, number, number * 10, changes, {product(claim): before})


def test_a_new_partition_has_no_offset_and_a_claimed_one_the_last(client: Redis, claim: Claim) -> None:
    assert claim.offset is None
    commit(client, [batch(claim, 1, b"a"), batch(claim, 2, b"b")])
    assert claim_partition(client, claim.partition).offset == 20
    assert client.get(product(claim)) == b"ab"


def test_a_batch_that_is_sent_twice_is_written_once(client: Redis, claim: Claim) -> None:
    assert commit(client, [batch(claim, 1, b"a")]) == commit(client, [batch(claim, 1, b"a")]) == [[]]
    assert client.get(product(claim)) == b"a"


def test_an_owner_before_writes_nothing(client: Redis, claim: Claim) -> None:
    commit(client, [batch(claim, 1, b"a")])
    now = claim_partition(client, claim.partition)
    assert commit(client, [batch(claim, 2, b"b"), batch(now, 1, b"c")]) == [None, []]
    assert client.get(product(claim)) == b"ac"


def test_after_redis_was_emptied_nothing_is_written_either(client: Redis, claim: Claim) -> None:
    client.delete(f"live:{{{claim.partition}}}:owner")
    assert commit(client, [batch(claim, 1, b"a")]) == [None]
    assert client.get(product(claim)) is None


def test_a_full_redis_takes_nothing_of_a_batch(client: Redis, claim: Claim) -> None:
    client.config_set("maxmemory", 1)
    try:
        with pytest.raises(ResponseError, match="OOM"):
            commit(client, [batch(claim, 1, b"a")])
    finally:
        client.config_set("maxmemory", "512mb")
    assert client.get(product(claim)) is None
    commit(client, [batch(claim, 1, b"a")])
    assert client.get(product(claim)) == b"a"


def test_a_value_that_has_grown_is_to_be_folded_and_lives_on(client: Redis, claim: Claim) -> None:
    assert commit(client, [batch(claim, 1, b"a" * 2_047)]) == [[]]
    assert commit(client, [batch(claim, 2, b"b")]) == [[product(claim)]]
    assert commit(client, [fold(claim, 3, b"a" * 2_047 + b"b")]) == [[]]
    assert client.get(product(claim)) == b"f"
    assert 30 * 86_400 < client.ttl(product(claim)) <= 31 * 86_400  # type: ignore[operator]


def test_a_value_that_is_another_by_now_is_not_folded(client: Redis, claim: Claim) -> None:
    commit(client, [batch(claim, 1, b"a")])
    client.set(product(claim), b"c")
    with pytest.raises(StaleError):
        commit(client, [fold(claim, 2, b"a")])
    assert (client.get(product(claim)), claim_partition(client, claim.partition).offset) == (b"c", 10)
