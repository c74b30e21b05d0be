"""Lists for the places of a shop, their filters and pages, and what a client is told of them."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from contracts import Rejection, parse_event
from model_serving.json_route import MAX_BODY_BYTES
from model_serving.requests import MAX_LISTS
from tests.fixtures.model_server import FEATURES, Shop, api, bare_api, open_shop, shop

__all__ = ["api", "bare_api", "open_shop", "shop"]

LISTS = "/v1/recommendations"
GETS = ["/v1/recommendations/v-1", "/v1/products/w1/similar", "/v1/products/w1/bought-together", "/v1/trending"]
POSTS = [LISTS, f"{LISTS}/batch", "/v1/purchase-prediction", "/v1/purchase-prediction/batch"]
BASKET = {"w1": {"b2": 0.5, "w3": 0.2}, "b1": {"w3": 0.4}}


def _ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["product_id"] for item in answer.json()["items"]]


def _sources(answer: httpx.Response) -> list[str]:
    return [item["source"] for item in answer.json()["items"]]


def _shown(shop: Shop, number: int) -> list[dict[str, Any]]:
    """Wait for so many events, and return them: each keeps its contract."""
    deadline = time.monotonic() + 5
    while len(shop.bus.messages) < number:
        assert time.monotonic() < deadline, f"{len(shop.bus.messages)} of {number} events came"
        time.sleep(0.01)
    events = [parse_event(message.value, message.topic) for message in shop.bus.messages]
    assert not [event for event in events if isinstance(event, Rejection)]
    return events  # type: ignore[return-value]


def test_a_session_in_the_request_needs_no_redis(api: TestClient, shop: Shop) -> None:
    shop.online.reachable = False
    answer = api.post(LISTS, json={"placement": "session", "product_ids": ["w1"], "limit": 2})
    assert _ids(answer) == ["w2", "w3"]
    body = answer.json()
    assert (body["placement"], body["source"], body["fallback"]) == ("session", "model", None)
    assert (body["visitor_id"], body["known"], body["variant"]) == (None, None, None)
    assert shop.online.reads == 0


def test_similar_products_are_those_looked_at_next(api: TestClient) -> None:
    answer = api.get("/v1/products/b1/similar", params={"limit": 1})
    assert (_ids(answer), answer.json()["placement"]) == (["b2"], "similar")
    assert answer.json()["model"] == {"name": "recommender", "version": "3"}


def test_what_is_bought_together_leads_and_what_is_looked_at_next_fills_up(api: TestClient, shop: Shop) -> None:
    shop.pairs.rows = BASKET
    answer = api.get("/v1/products/w1/bought-together", params={"limit": 3})
    assert _ids(answer) == ["b2", "w3", "w2"]
    assert _sources(answer) == ["bought_together", "bought_together", "co_visitation"]
    assert answer.json()["source"] == "model"
    answer = api.get("/v1/products/w1/bought-together", params={"limit": 2, "exclude": "b2"})
    assert _ids(answer) == ["w3", "w2"]
    answer = api.get("/v1/products/w1/bought-together", params={"limit": 2})
    assert (answer.json()["source"], answer.json()["fallback"]) == ("bought_together", None)


def test_a_cart_is_led_by_what_goes_with_all_of_it(api: TestClient, shop: Shop) -> None:
    shop.pairs.rows = BASKET
    answer = api.post(LISTS, json={"placement": "cart", "product_ids": ["w1", "b1"], "limit": 3})
    assert _ids(answer) == ["w3", "b2", "w2"]
    assert answer.json()["items"][0]["score"] == pytest.approx(0.6)


def test_without_pairs_the_model_answers_and_it_says_why(api: TestClient, shop: Shop) -> None:
    answer = api.get("/v1/products/w1/bought-together", params={"limit": 1})
    assert (_ids(answer), answer.json()["fallback"]) == (["w2"], "no_pairs")
    shop.pairs.reachable = False
    answer = api.get("/v1/products/w2/bought-together", params={"limit": 1})
    assert (_sources(answer), answer.json()["fallback"]) == (["co_visitation"], "online_store_unavailable")


def test_what_is_viewed_most_now_trends_and_popularity_fills_up(api: TestClient, shop: Shop) -> None:
    shop.counters.views = {"b2": 3.0, "w3": 9.0}
    answer = api.get("/v1/trending", params={"limit": 3})
    assert (_ids(answer), _sources(answer)) == (["w3", "b2", "w1"], ["live_views", "live_views", "popularity"])
    body = answer.json()
    assert (body["source"], body["fallback"]) == ("live_views", None)
    assert body["items"][0]["score"] == pytest.approx(9.75)
    assert body["known"] == {"presence": "present", "age_s": 0.0}
    assert _ids(api.get("/v1/trending", params={"exclude": "w3", "limit": 1})) == ["b2"]
    assert shop.counters.reads == 1


def test_without_views_the_popular_products_trend(api: TestClient) -> None:
    body = api.get("/v1/trending").json()
    assert (body["source"], body["fallback"]) == ("popularity", "no_live_views")


def test_without_redis_the_popular_products_trend(api: TestClient, shop: Shop) -> None:
    shop.counters.reachable = False
    answer = api.get("/v1/trending", params={"limit": 2})
    assert (_ids(answer), answer.json()["fallback"]) == (["w1", "b1"], "online_store_unavailable")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["w2", "w3", "b1", "b2"]),
        ({"category": "shoes"}, ["w2", "b2"]),
        ({"category": ["shoes", "hats"]}, ["w2", "w3", "b2"]),
        ({"min_price": 20}, ["w3", "b2"]),
        ({"max_price": 20}, ["w2", "w3"]),
        ({"min_price": 20, "max_price": 20}, ["w3"]),
        ({"in_stock": True}, ["w2"]),
        ({"category": "shoes", "exclude": "w2"}, ["b2"]),
    ],
)
def test_only_what_is_known_to_pass_a_filter_comes(
    api: TestClient, shop: Shop, filters: dict[str, Any], expected: list[str]
) -> None:
    shop.products.rows = {
        "w2": {"category": "shoes", "unit_price": 10.0, "quantity_on_hand": 4},
        "w3": {"category": "hats", "unit_price": 20.0},
        "b2": {"category": "shoes", "unit_price": 30.5},
    }
    assert _ids(api.get(GETS[0], params=filters)) == expected
    assert _ids(api.post(LISTS, json={"placement": "similar", "product_ids": ["w1"], **_lists_of(filters)})) == expected


def _lists_of(filters: dict[str, Any]) -> dict[str, Any]:
    listed = ("category", "exclude")
    return {name: [value] if name in listed and isinstance(value, str) else value for name, value in filters.items()}


def test_where_nothing_passes_the_list_is_empty_and_says_why(api: TestClient) -> None:
    body = api.get(GETS[0], params={"category": "boats"}).json()
    assert (body["items"], body["source"], body["fallback"]) == ([], "empty", "nothing_matches")


def test_filters_without_redis_leave_nothing_rather_than_the_wrong(api: TestClient, shop: Shop) -> None:
    shop.products.reachable = False
    body = api.get(GETS[1], params={"in_stock": True}).json()
    assert (body["items"], body["fallback"]) == ([], "online_store_unavailable")


def test_pages_are_the_list_cut_and_positions_go_on(api: TestClient, shop: Shop) -> None:
    whole = _ids(api.get(GETS[0]))
    pages = [api.get(GETS[0], params={"limit": 3, "offset": offset}) for offset in (0, 3, 6)]
    assert [_ids(page) for page in pages] == [whole[:3], whole[3:], []]
    assert [page.json()["offset"] for page in pages] == [0, 3, 6]
    assert [page.json()["next_offset"] for page in pages] == [3, None, None]
    assert [event.get("position") for event in _shown(shop, 3)] == [None, None, 4]


@pytest.mark.parametrize("path", GETS)
def test_who_has_the_list_is_told_so_and_shows_it_under_the_new_id(api: TestClient, path: str) -> None:
    first = api.get(path, params={"limit": 2})
    tag = first.headers["etag"]
    assert (tag[:3], first.headers["cache-control"]) == ('W/"', "private, no-cache")
    for known in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = api.get(path, params={"limit": 2}, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["x-request-id"] not in {"", first.json()["request_id"]}
    other = api.get(path, params={"limit": 3}, headers={"If-None-Match": tag})
    assert other.status_code == 200


def test_a_changed_list_has_another_tag(api: TestClient, shop: Shop) -> None:
    tag = api.get(GETS[0]).headers["etag"]
    shop.online.lives["v-1"] = {"recent_product_ids": ["b1"]}
    assert api.get(GETS[0], headers={"If-None-Match": tag}).status_code == 200


def test_each_list_shown_to_a_visitor_becomes_an_event_also_one_that_the_client_had(
    api: TestClient, shop: Shop
) -> None:
    first = api.get("/v1/trending", params={"visitor_id": "v-9", "limit": 1})
    again = api.get(
        "/v1/trending",
        params={"visitor_id": "v-9", "limit": 1},
        headers={"If-None-Match": first.headers["etag"], "X-Request-ID": "page-2"},
    )
    assert again.status_code == 304
    api.get("/v1/trending")
    api.post(LISTS, json={"placement": "cart", "visitor_id": "v-8", "product_ids": ["w1"]})
    events = _shown(shop, 3)
    assert [(event["visitor_id"], event["placement"]) for event in events] == [
        ("v-9", "trending"),
        ("v-9", "trending"),
        ("v-8", "cart"),
    ]
    assert [event["request_id"] for event in events[:2]] == [first.json()["request_id"], "page-2"]


def test_a_batch_is_its_lists_each_with_an_id_of_its_own(api: TestClient, shop: Shop) -> None:
    requests = [
        {"placement": "home", "visitor_id": "v-1", "limit": 2},
        {"placement": "similar", "product_ids": ["b1"], "limit": 1, "visitor_id": "v-2"},
        {"placement": "home", "visitor_id": "nobody", "limit": 1},
    ]
    body = api.post(f"{LISTS}/batch", json={"requests": requests}, headers={"X-Request-ID": "mail"}).json()
    assert body["request_id"] == "mail"
    assert [answer["request_id"] for answer in body["answers"]] == ["mail.0", "mail.1", "mail.2"]
    assert [[item["product_id"] for item in answer["items"]] for answer in body["answers"]] == [
        ["w2", "w3"],
        ["b2"],
        ["w1"],
    ]
    assert [answer["fallback"] for answer in body["answers"]] == [None, None, "unknown_visitor"]
    assert [event["request_id"] for event in _shown(shop, 3)] == ["mail.0", "mail.1", "mail.2"]


def test_a_batch_of_predictions_is_each_of_them(api: TestClient) -> None:
    requests = [
        {"visitor_id": "nobody"},
        {"visitor_id": "v-1"},
        {"features": {**FEATURES, "cart_add_count": 0}},
    ]
    answers = api.post("/v1/purchase-prediction/batch", json={"requests": requests}).json()["answers"]
    assert [(answer["probability"], answer["source"]) for answer in answers] == [
        (0.25, "base_rate"),
        (0.9, "model"),
        (0.1, "model"),
    ]
    assert answers == [
        {**api.post("/v1/purchase-prediction", json=each).json(), "request_id": answers[0]["request_id"]}
        for each in requests
    ]


def test_without_a_model_every_list_is_empty_and_says_so(bare_api: TestClient) -> None:
    for path in GETS:
        body = bare_api.get(path).json()
        assert (body["items"], body["source"], body["fallback"]) == ([], "empty", "no_model")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body/placement"),
        ({"placement": "attic"}, "body/placement"),
        ({"placement": "home"}, "body/visitor_id"),
        ({"placement": "session", "visitor_id": "v"}, "body/product_ids"),
        ({"placement": "similar", "product_ids": ["a", "b"]}, "body/product_ids"),
        ({"placement": "trending", "product_ids": ["a"]}, "body/product_ids"),
        ({"placement": "trending", "min_price": 2, "max_price": 1}, "body"),
        ({"placement": "trending", "max_price": -1}, "body/max_price"),
        ({"placement": "trending", "offset": 401}, "body/offset"),
        ({"placement": "trending", "colour": "red"}, "body/colour"),
    ],
)
def test_a_wrong_request_names_the_field(api: TestClient, body: dict[str, Any], field: str) -> None:
    answer = api.post(LISTS, json=body)
    assert answer.status_code == 422
    assert [violation["field"] for violation in answer.json()["errors"]] == [field]
    batch = api.post(f"{LISTS}/batch", json={"requests": [{"placement": "trending"}, body]})
    assert batch.json()["errors"][0]["field"] == field.replace("body", "body/requests/1")


def test_batches_are_bounded(api: TestClient) -> None:
    many: dict[str, Any] = {"requests": [{"placement": "trending"}] * (MAX_LISTS + 1)}
    empty: dict[str, Any] = {"requests": []}
    for body in (empty, many):
        answer = api.post(f"{LISTS}/batch", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body/requests")


@pytest.mark.parametrize("path", POSTS)
def test_a_body_that_is_too_large_or_no_json_is_a_problem(api: TestClient, path: str) -> None:
    json = {"content-type": "application/json"}
    large = b'{"visitor_id": "' + b"v" * MAX_BODY_BYTES + b'"}'
    answers = {
        413: api.post(path, content=large, headers=json),
        415: api.post(path, content=b"{}", headers={"content-type": "text/plain"}),
        400: api.post(path, content=b"[" * 100_000, headers=json),
        422: api.post(path, content=b"", headers=json),
    }
    assert {status: answer.status_code for status, answer in answers.items()} == {each: each for each in answers}
    for answer in answers.values():
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert api.post(path, content=iter([large[:9], large[9:]]), headers=json).status_code == 413
    assert api.post(path, content=b"{}", headers=json | {"content-encoding": "gzip"}).status_code == 415


@pytest.mark.parametrize("path", [*GETS, "/v1/features/v-1", "/health", "/v2/nothing", "/v1/trending?limit=0"])
def test_a_sensible_request_id_comes_back_and_another_is_replaced(api: TestClient, path: str) -> None:
    assert api.get(path, headers={"X-Request-ID": "page-7:a.b_c"}).headers["x-request-id"] == "page-7:a.b_c"
    for other in ("", "a b", "x" * 101, "ü"):
        made = api.get(path, headers={"X-Request-ID": other.encode("latin-1")}).headers["x-request-id"]
        assert len(made) == 32
        assert made != other


def test_a_bug_is_a_problem_with_the_id_of_its_request(api: TestClient, shop: Shop) -> None:
    shop.online.lives["v-1"] = {"recent_product_ids": 5}
    answer = api.get(GETS[0], headers={"X-Request-ID": "r-1"})
    assert (answer.status_code, answer.json()["request_id"], answer.headers["x-request-id"]) == (500, "r-1", "r-1")
