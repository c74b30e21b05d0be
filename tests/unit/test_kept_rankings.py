"""Rankings that are made once, in one server and in several; and the parts by which that is done."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier, Event

import httpx
import pytest
from fastapi.testclient import TestClient

from contracts.errors import OnlineStoreUnavailableError
from model_serving.answers import Fallback
from model_serving.latest_used import LatestUsed
from model_serving.product_facts import ProductFacts
from model_serving.ranking import Ranking
from model_serving.single_flight import SingleFlight
from model_serving.visitor_versions import VisitorVersions
from tests.fixtures.kept_lists import FakeValues, KeepingServer
from tests.fixtures.model_server import Shop, open_shop, shop
from tests.fixtures.serving import FakeOnline, Watch

__all__ = ["open_shop", "shop"]

SIMILAR = "/v1/products/w1/similar"
SESSION = {"placement": "session", "product_ids": ["w1", "b1", "w3"]}


@pytest.fixture
def values() -> FakeValues:
    return FakeValues()


@pytest.fixture
def servers(open_shop: Shop, values: FakeValues) -> list[KeepingServer]:
    """Two servers of one shop."""
    return [KeepingServer(open_shop, values) for _ in range(2)]


def _ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["product_id"] for item in answer.json()["items"]]


def test_what_one_server_made_the_other_takes(servers: list[KeepingServer]) -> None:
    one, two = (TestClient(server.app).get(SIMILAR).json() for server in servers)
    assert {**one, "request_id": ""} == {**two, "request_id": ""}
    assert [server.came for server in servers] == [{"made": 1}, {"shared": 1}]


def test_a_visitor_and_a_page_of_the_same_product_share_a_ranking(servers: list[KeepingServer]) -> None:
    one, two = (TestClient(server.app) for server in servers)
    assert _ids(one.get("/v1/recommendations/v-1")) == _ids(two.get(SIMILAR))
    assert servers[1].came == {"shared": 1}


def test_what_is_a_visitors_own_stays_in_the_server(servers: list[KeepingServer], values: FakeValues) -> None:
    for server in servers:
        api = TestClient(server.app)
        assert _ids(api.post("/v1/recommendations", json=SESSION)) == _ids(
            api.post("/v1/recommendations", json=SESSION)
        )
    assert [server.came for server in servers] == [{"made": 1, "kept": 1}] * 2
    assert not values.calls


def test_a_ranking_by_other_facts_is_not_taken(servers: list[KeepingServer]) -> None:
    assert _ids(TestClient(servers[0].app).get(SIMILAR))[0] == "w2"
    servers[0].shop.products.rows["w2"] = {"quantity_on_hand": 0}
    assert _ids(TestClient(servers[1].app).get(SIMILAR))[0] == "w3"
    assert servers[1].came == {"made": 1}


def test_who_waits_in_vain_for_another_server_makes_it(servers: list[KeepingServer], values: FakeValues) -> None:
    api = TestClient(servers[0].app)
    _ids(api.get(SIMILAR))
    values.claims, values.values = set(values.values), {}
    before_s = servers[1].watch()
    assert _ids(TestClient(servers[1].app).get(SIMILAR)) == _ids(api.get(SIMILAR))
    assert 0 < servers[1].watch() - before_s < 0.1
    assert servers[1].came == {"made": 1}


def test_without_the_store_each_makes_its_own_and_asks_once_a_second(
    servers: list[KeepingServer], values: FakeValues
) -> None:
    values.reachable = False
    api = TestClient(servers[0].app)
    for limit in range(1, 6):
        assert len(_ids(api.get(SIMILAR, params={"limit": limit}))) == min(limit, 4)
    assert values.calls == 1
    values.reachable = True
    servers[0].watch.wait(2)
    assert len(_ids(api.get(SIMILAR, params={"limit": 7}))) == 4
    assert values.values


@pytest.mark.parametrize(
    ("reason", "products", "may"),
    [(None, 200, True), (None, 201, False), ("unknown_visitor", 1, True), ("online_store_unavailable", 1, False)],
)
def test_what_redis_was_missed_for_or_takes_much_memory_is_not_kept(
    reason: Fallback | None, products: int, may: bool
) -> None:
    assert Ranking([], reason, {str(number): ProductFacts() for number in range(products)}).may_be_kept is may


def test_eight_threads_make_a_value_once() -> None:
    flights: SingleFlight[int] = SingleFlight(lambda: waiting.append(None))
    waiting: list[None] = []
    made: list[int] = []
    all_there = Event()

    def make() -> int:
        all_there.wait(timeout=5)
        made.append(7)
        return made[-1]

    with ThreadPoolExecutor(8) as threads:
        values = [threads.submit(flights.once, "a", make) for _ in range(8)]
        while len(waiting) < 7:
            pass
        all_there.set()
        assert [value.result() for value in values] == [7] * 8
    assert made == [7]
    assert flights.once("a", lambda: 8) == 8


def test_what_one_cannot_make_the_others_do_not_wait_for_for_ever() -> None:
    flights: SingleFlight[int] = SingleFlight(lambda: None)
    both = Barrier(2)

    def fail() -> int:
        both.wait(timeout=5)
        raise ValueError("broken")

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(flights.once, "a", fail)
        both.wait(timeout=5)
        with pytest.raises(ValueError, match="broken"):
            first.result()
    assert flights.once("a", lambda: 3) == 3


def test_what_was_not_used_for_the_longest_time_goes() -> None:
    kept: LatestUsed[str, int] = LatestUsed(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (1, None, 3)


@dataclass
class SlowVersions:
    """Answers once it may."""

    may: Event = field(default_factory=Event)
    asked: Event = field(default_factory=Event)
    reads: list[list[str]] = field(default_factory=list)
    online: FakeOnline = field(default_factory=FakeOnline)

    def of(self, visitor_ids: Sequence[str]) -> list[bytes]:
        self.reads.append(list(visitor_ids))
        self.asked.set()
        self.may.wait(timeout=5)
        if not self.online.reachable:
            msg = "fake does not answer"
            raise OnlineStoreUnavailableError(msg)
        return [each.encode() for each in visitor_ids]


def test_who_asks_while_a_read_is_under_way_shares_the_next_one() -> None:
    store = SlowVersions()
    versions = VisitorVersions(store)

    async def ask() -> list[bytes | None]:
        first = asyncio.create_task(versions.of("a"))
        await asyncio.to_thread(store.asked.wait, 5)
        others = [asyncio.create_task(versions.of(each)) for each in "bcbb"]
        await asyncio.sleep(0.01)
        others[0].cancel()
        store.may.set()
        return [await first, *await asyncio.gather(*others[1:])]

    assert asyncio.run(ask()) == [b"a", b"c", b"b", b"b"]
    assert store.reads == [["a"], ["b", "c"]]


def test_without_the_store_there_are_no_versions_and_it_rests() -> None:
    store, watch = SlowVersions(), Watch()
    store.may.set()
    store.online.reachable = False
    versions = VisitorVersions(store, watch)
    assert [asyncio.run(versions.of("a")) for _ in range(3)] == [None] * 3
    store.online.reachable = True
    assert asyncio.run(versions.of("a")) is None
    watch.wait(2)
    assert asyncio.run(versions.of("a")) == b"a"
    assert len(store.reads) == 2
