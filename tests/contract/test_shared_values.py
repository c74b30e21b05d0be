"""One suite for the values that servers share: Redis, and the fake of the unit tests."""

from __future__ import annotations

from uuid import uuid4

import pytest
from redis import Redis

from feature_store.shared_values import Found, SharedValues
from model_serving.shared_rankings import ValueStore
from tests.fixtures.kept_lists import FakeValues


@pytest.fixture(params=["fake", "redis"])
def store(request: pytest.FixtureRequest) -> ValueStore:
    if request.param == "fake":
        return FakeValues()
    return SharedValues(Redis.from_url(request.getfixturevalue("redis_url")), f"test-{uuid4().hex}")


def test_the_first_is_to_make_it_the_others_wait_and_all_get_it(store: ValueStore) -> None:
    assert store.find_or_claim(b"a") == Found(None, True)
    assert store.find_or_claim(b"a") == Found(None, False)
    assert store.find_or_claim(b"b") == Found(None, True)
    assert store.find(b"a") is None
    store.put(b"a", b"made")
    assert store.find(b"a") == b"made"
    assert store.find_or_claim(b"a") == Found(b"made", False)


def test_a_value_that_is_gone_is_to_be_made_again(store: ValueStore) -> None:
    store.find_or_claim(b"a")
    store.put(b"a", b"made")
    if isinstance(store, SharedValues):
        store._client.delete(store._key(b"a"))
    else:
        assert isinstance(store, FakeValues)
        store.values.clear()
    assert store.find_or_claim(b"a") == Found(None, True)
