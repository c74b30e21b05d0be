"""Requests a second are counted in a real Redis, by whoever adds."""

from __future__ import annotations

import pytest
from redis import Redis

from contracts.errors import OnlineStoreUnavailableError
from deployment.bootstrap.access import RedisCounter

_SECOND = 1_800_000_000


def test_processes_add_to_one_counter_which_goes_by_itself(redis_url: str) -> None:
    one, other = (RedisCounter(Redis.from_url(redis_url)) for _ in range(2))
    assert [one.add("counted", _SECOND, 50), other.add("counted", _SECOND, 20)] == [50, 70]
    assert one.add("counted", _SECOND + 1, 1) == one.add("else", _SECOND, 1) == 1
    assert Redis.from_url(redis_url).ttl(f"aisle:requests:counted:{_SECOND}") in {1, 2, 3}


def test_a_redis_that_is_away_is_named() -> None:
    with pytest.raises(OnlineStoreUnavailableError, match="online store does not answer"):
        RedisCounter(Redis.from_url("redis://127.0.0.1:1/0")).add("counted", _SECOND, 1)
