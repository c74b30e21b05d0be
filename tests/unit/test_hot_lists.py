"""Lists that are asked for again: the same as would be made now, and each an impression of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import numpy as np
import orjson
import pytest
from fastapi.testclient import TestClient

from contracts import ManualClock
from ml_modeling.baseline_recommender import fit
from tests.fixtures.inventory_events import product_updated
from tests.fixtures.kept_lists import KeepingServer
from tests.fixtures.model_server import Shop, open_shop, shop
from tests.fixtures.trial_of_models import run, tried

__all__ = ["open_shop", "shop", "tried"]

HOME = "/v1/recommendations/v-1"
GETS = [HOME, "/v1/products/w1/similar", "/v1/products/w1/bought-together", "/v1/trending"]


@pytest.fixture
def server(open_shop: Shop) -> KeepingServer:
    return KeepingServer(open_shop)


@pytest.fixture
def api(server: KeepingServer) -> Iterator[TestClient]:
    with TestClient(server.app, raise_server_exceptions=False) as client:
        yield client


def _body(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert body.pop("request_id") == answer.headers["x-request-id"]
    return body


def _ids(answer: httpx.Response) -> list[str]:
    return [item["product_id"] for item in _body(answer)["items"]]


def _heated(api: TestClient, path: str = HOME, **query: Any) -> httpx.Response:
    """The third answer, which was there already."""
    api.get(path, params=query)
    api.get(path, params=query)
    answer: httpx.Response = api.get(path, params=query)
    return answer


@pytest.mark.parametrize("path", GETS)
def test_the_third_answer_is_the_second_and_was_not_made(api: TestClient, server: KeepingServer, path: str) -> None:
    server.shop.counters.views = {"b2": 3.0, "w3": 9.0}
    server.shop.pairs.rows = {"w1": {"b2": 0.5}}
    query = {"visitor_id": "v-9"} if path != HOME else {}
    bodies = [_body(api.get(path, params={"limit": 2, **query})) for _ in range(3)]
    assert bodies[0] == bodies[1] == bodies[2] == _body(server.plain.get(path, params={"limit": 2, **query}))
    assert server.came == {"made": 1, "kept": 1, "hot": 1}


def test_the_age_of_what_is_known_goes_on(api: TestClient, server: KeepingServer) -> None:
    _heated(api)
    clock = server.serving.clock
    assert isinstance(clock, ManualClock)
    clock.advance(timedelta(seconds=3))
    assert _body(api.get(HOME))["known"] == {"presence": "present", "age_s": 5.0}
    assert _body(_heated(api, "/v1/recommendations/nobody"))["known"] == {"presence": "missing", "age_s": None}


def test_who_has_done_something_gets_a_new_list_at_once(api: TestClient, server: KeepingServer) -> None:
    assert _ids(_heated(api))[0] == "w2"
    server.shop.online.lives["v-1"] = {"recent_product_ids": ["b1"]}
    assert _ids(api.get(HOME))[0] == "b2"
    assert server.came["hot"] == 1


@pytest.mark.parametrize("path", [HOME, "/v1/products/w1/similar"])
def test_what_is_sold_out_does_not_come_and_comes_back_with_its_stock(
    api: TestClient, server: KeepingServer, path: str
) -> None:
    whole = _ids(_heated(api, path))
    for quantity, expected in ((0, whole[1:]), (5, whole)):
        server.shop.products.rows["w2"] = {"quantity_on_hand": quantity}
        server.watch.wait(61)
        assert _ids(api.get(path)) == expected
        assert _ids(_heated(api, path)) == expected


def test_another_product_that_was_looked_at_for_the_list_makes_it_anew(api: TestClient, server: KeepingServer) -> None:
    server.shop.products.rows["w2"] = {"quantity_on_hand": 0}
    assert _ids(_heated(api, limit=2)) == ["w3", "b1"]
    server.shop.products.rows["w2"] = {"quantity_on_hand": 9}
    server.watch.wait(61)
    assert _ids(api.get(HOME, params={"limit": 2})) == ["w2", "w3"]


def test_new_pairs_and_a_new_trend_lead_the_next_list(api: TestClient, server: KeepingServer) -> None:
    together, trending = GETS[2:]
    pairs, trend = server.serving.pairs, server.serving.trending
    pairs._now_s = trend._now_s = server.watch
    for path in (together, trending):
        _heated(api, path, limit=1)
    server.shop.pairs.rows = {"w1": {"b2": 0.5}}
    server.shop.counters.views = {"w3": 9.0}
    server.watch.wait(61)
    assert [_ids(api.get(path, params={"limit": 1})) for path in (together, trending)] == [["b2"], ["w3"]]


def test_every_time_it_is_shown_it_is_an_impression_also_where_the_client_had_it(
    api: TestClient, server: KeepingServer
) -> None:
    asked = [api.get(HOME, headers={"X-Request-ID": f"r-{number}"}) for number in range(4)]
    tag = asked[-1].headers["etag"]
    again = api.get(HOME, headers={"X-Request-ID": "r-4", "If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["x-request-id"]) == (304, b"", "r-4")
    assert {answer.headers["etag"] for answer in asked} == {tag}
    deadline = time.monotonic() + 5
    while len(server.shop.bus.messages) < 5:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    events = [orjson.loads(message.value) for message in server.shop.bus.messages]
    assert [event.pop("request_id") for event in events] == [f"r-{number}" for number in range(5)]
    assert len({event.pop("event_id") for event in events}) == 5
    assert all(event == events[0] for event in events)
    page = server.metrics.page().decode()
    assert 'aisle_answers_total{fallback="",route="/v1/recommendations/{visitor_id}",source="model"} 5.0' in page


def test_another_version_of_the_model_answers_at_once(api: TestClient, server: KeepingServer) -> None:
    _heated(api)
    server.shop.source.set_champion(
        "recommender", "4", fit(np.full(1, np.datetime64("2026-01-01", "us")), [["w1", "b1"]])
    )
    server.shop.models.refresh()
    assert _body(api.get(HOME))["model"]["version"] == "4"
    assert _ids(api.get(HOME)) == ["b1"]


def test_without_redis_it_answers_as_without_a_cache_and_goes_on_with_it(
    api: TestClient, server: KeepingServer
) -> None:
    _heated(api)
    server.shop.online.reachable = server.values.reachable = server.shop.products.reachable = False
    body = _body(api.get(HOME))
    assert (body["source"], body["fallback"]) == ("popularity", "online_store_unavailable")
    assert body == _body(api.get(HOME)) == _body(api.get(HOME))
    assert server.came["hot"] == 1
    server.shop.online.reachable = server.values.reachable = server.shop.products.reachable = True
    server.watch.wait(2)
    assert _body(_heated(api))["fallback"] is None
    assert server.came["hot"] > 1


def test_a_newcomer_gets_its_place_in_a_list_that_was_there(api: TestClient, server: KeepingServer) -> None:
    _heated(api, limit=5)
    server.shop.say(product_updated("new"), product_updated("newer"))
    shown = [_body(api.get(HOME, params={"limit": 5}))["items"][-1] for _ in range(2)]
    assert {item["product_id"] for item in shown} == {"new", "newer"}
    assert {item["source"] for item in shown} == {"newcomer"}
    assert server.came["hot"] == 3
    server.shop.say(product_updated("new", is_active=False), product_updated("newer", is_active=False))
    assert "newer" not in _ids(api.get(HOME, params={"limit": 5}))


def test_variants_and_visitors_never_share_a_list(tried: Shop) -> None:
    server = KeepingServer(tried)
    api = TestClient(server.app)

    def compared() -> set[str]:
        firsts = set()
        for number in range(12):
            asked = {"visitor_id": f"v-{number}", "limit": 2}
            kept, plain = (
                _body(_heated(api, GETS[1], **asked)),
                _body(server.plain.get(GETS[1], params=asked)),
            )
            assert kept == plain
            firsts.add(f"{kept['model']['version']} {kept['variant'] and kept['variant']['name']}")
        return firsts

    assert compared() == {"3 old", "4 new", "3 None"}
    run(tried)
    assert compared() == {"3 None"}


def test_filters_never_share_a_list(api: TestClient, server: KeepingServer) -> None:
    server.shop.products.rows = {
        "w2": {"category": "shoes", "unit_price": 10.0, "quantity_on_hand": 4, "brand": "acme"},
        "w3": {"category": "hats", "unit_price": 20.0, "brand": "acme"},
        "b2": {"category": "shoes", "unit_price": 30.5},
    }
    queries: list[dict[str, Any]] = [
        *({}, {"category": "shoes"}, {"category": "hats"}, {"min_price": 20}, {"max_price": 20}, {"in_stock": True}),
        *({"exclude": "w2"}, {"limit": 1}, {"limit": 1, "offset": 1}, {"max_per_brand": 1}, {"product_id": "b1"}),
        {"category": "boats"},
    ]
    for query in queries * 3:
        assert _body(api.get(HOME, params=query)) == _body(server.plain.get(HOME, params=query)), query
    assert server.came["hot"] == len(queries)


def test_a_wrong_request_stays_wrong(api: TestClient) -> None:
    assert {api.get(HOME, params={"limit": 0}).status_code for _ in range(3)} == {422}
    assert {api.get("/v1/trending", params={"colour": "red"}).status_code for _ in range(3)} == {422}
