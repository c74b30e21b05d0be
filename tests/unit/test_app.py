from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from contracts import Rejection, parse_event
from model_serving.features import FeaturesAnswer
from model_serving.list_query import MAX_LIMIT
from tests.fixtures.model_server import FEATURES, Shop, api, bare_api, open_shop, shop

__all__ = ["api", "bare_api", "open_shop", "shop"]


def _ids(answer: httpx.Response) -> list[str]:
    return [item["product_id"] for item in answer.json()["items"]]


def test_a_known_visitor_is_answered_by_the_model(api: TestClient) -> None:
    answer = api.get("/v1/recommendations/v-1", params={"limit": 2})
    assert answer.status_code == 200
    body = answer.json()
    assert _ids(answer) == ["w2", "w3"]
    assert (body["source"], body["fallback"]) == ("model", None)
    assert body["model"] == {"name": "recommender", "version": "3"}
    assert {item["source"] for item in body["items"]} == {"co_visitation"}
    assert body["known"] == {"presence": "present", "age_s": 2.0}
    assert body["request_id"]


def test_given_products_are_the_context_and_do_not_come_back(api: TestClient, shop: Shop) -> None:
    answer = api.get("/v1/recommendations/v-1", params={"product_id": ["b1", "w1"], "exclude": ["w3"]})
    assert _ids(answer) == ["w2", "b2"]
    assert (shop.online.reads, answer.json()["known"]) == (0, None)


def test_what_is_sold_out_or_hidden_does_not_come_and_of_a_brand_only_so_many(api: TestClient, shop: Shop) -> None:
    shop.products.rows = {"w2": {"quantity_on_hand": 0}, "b1": {"is_active": False}}
    shop.products.rows |= {"w3": {"brand": "acme"}, "b2": {"brand": "acme"}}
    assert _ids(api.get("/v1/recommendations/v-1")) == ["w3", "b2"]
    assert _ids(api.get("/v1/recommendations/v-1", params={"max_per_brand": 1})) == ["w3"]


def test_what_was_seen_before_the_last_session_does_not_come_back_either(api: TestClient, shop: Shop) -> None:
    shop.online.lives["v-1"] = {"recent_product_ids": ["w1", "b1"]}
    shop.online.last_products = {"v-1": ["w1"]}
    assert _ids(api.get("/v1/recommendations/v-1")) == ["w2", "w3", "b2"]
    shop.online.last_products = {"v-1": []}
    assert _ids(api.get("/v1/recommendations/v-1"))[:2] == ["w2", "b2"]


@pytest.mark.parametrize(
    ("path", "fallback"),
    [
        ("/v1/recommendations/nobody", "unknown_visitor"),
        ("/v1/recommendations/v-new", "no_recent_products"),
        ("/v1/recommendations/v-1?product_id=unheard-of", "unknown_products"),
    ],
)
def test_what_is_not_known_gets_the_popular_products(api: TestClient, path: str, fallback: str) -> None:
    body = api.get(path).json()
    assert (body["source"], body["fallback"]) == ("popularity", fallback)
    assert [item["product_id"] for item in body["items"]] == ["w1", "b1", "b2", "w2", "w3"]


def test_without_redis_the_popular_products_are_answered(api: TestClient, shop: Shop) -> None:
    shop.online.reachable = False
    body = api.get("/v1/recommendations/v-1").json()
    assert (body["source"], body["fallback"]) == ("popularity", "online_store_unavailable")
    assert (bool(body["items"]), body["known"]) == (True, None)


def test_without_a_model_the_list_is_empty_and_says_so(bare_api: TestClient, shop: Shop) -> None:
    answer = bare_api.get("/v1/recommendations/v-1")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["source"], body["fallback"], body["model"], body["items"]) == ("empty", "no_model", None, [])
    assert shop.bus.messages == []


def test_a_shown_list_becomes_a_valid_event(api: TestClient, shop: Shop) -> None:
    answer = api.get("/v1/recommendations/v-1", params={"limit": 2}).json()
    _until(lambda: len(shop.bus.messages) == 1)
    message = shop.bus.messages[0]
    event = parse_event(message.value, message.topic)
    assert not isinstance(event, Rejection)
    assert (message.topic, message.key, list(message.headers)) == ("clickstream", b"v-1", [("producer", b"api")])
    assert event["product_ids"] == [item["product_id"] for item in answer["items"]]
    assert event["request_id"] == answer["request_id"]
    assert (event["producer"], event["model_version"], event["source"]) == ("api", "3", "model")


def test_a_prediction_for_a_visitor_uses_the_features_of_the_session_that_runs(api: TestClient) -> None:
    body = api.post("/v1/purchase-prediction", json={"visitor_id": "v-1"}).json()
    assert (body["probability"], body["source"], body["session_id"]) == (0.9, "model", "s-1")
    assert body["model"] == {"name": "purchase", "version": "2"}


def test_a_prediction_for_given_features(api: TestClient) -> None:
    features = {**FEATURES, "cart_add_count": 0, "mean_viewed_price": None}
    body = api.post("/v1/purchase-prediction", json={"features": features}).json()
    assert (body["probability"], body["source"], body["visitor_id"]) == (0.1, "model", None)


def test_a_prediction_without_a_session_is_the_base_rate(api: TestClient, shop: Shop) -> None:
    body = api.post("/v1/purchase-prediction", json={"visitor_id": "nobody"}).json()
    assert (body["probability"], body["source"], body["fallback"]) == (0.25, "base_rate", "unknown_visitor")
    assert body["known"] == {"presence": "missing", "age_s": None}
    body = api.post("/v1/purchase-prediction", json={"visitor_id": "v-new"}).json()
    assert (body["probability"], body["source"], body["fallback"]) == (0.25, "base_rate", "no_running_session")
    assert body["known"] == {"presence": "expired", "age_s": 3600.0}
    shop.online.reachable = False
    body = api.post("/v1/purchase-prediction", json={"visitor_id": "v-1"}).json()
    assert (body["source"], body["fallback"]) == ("base_rate", "online_store_unavailable")


def test_what_is_known_online_can_be_asked_for(api: TestClient, shop: Shop) -> None:
    body = api.get("/v1/features/v-1", params={"product_id": "w1", "customer_id": "c-1"}).json()
    assert set(body["views"]) == {"visitor_features", "visitor_activity", "session_features", "customer_features"}
    assert body["views"]["visitor_features"] == {
        "presence": "present",
        "age_s": 2.0,
        "values": {"recent_product_ids": ["w1"]},
    }
    assert (body["views"]["customer_features"]["presence"], body["views"]["visitor_activity"]["presence"]) == (
        "expired",
        "missing",
    )
    assert body["products"]["w1"]["product_activity"]["values"]["views_1h"] == 3.0
    assert FeaturesAnswer.model_validate(body).products["w1"]["product_features"].presence == "missing"
    assert api.get("/v1/features/v-1").json()["products"] == {}
    shop.online.reachable = False
    answer = api.get("/v1/features/v-1")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")


def test_a_prediction_without_a_model_is_a_503_with_the_reason(bare_api: TestClient) -> None:
    answer = bare_api.post("/v1/purchase-prediction", json={"visitor_id": "v-1"})
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert "no purchase model is loaded" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/recommendations/v?limit=0", "query/limit"),
        (f"/v1/recommendations/v?limit={MAX_LIMIT + 1}", "query/limit"),
        ("/v1/recommendations/v?limit=many", "query/limit"),
        ("/v1/recommendations/v?limits=3", "query/limits"),
        ("/v1/recommendations/v?max_per_brand=0", "query/max_per_brand"),
        ("/v1/recommendations/v?exclude=", "query/exclude/0"),
        ("/v1/recommendations/v?product_id=" + "p" * 129, "query/product_id/0"),
        ("/v1/recommendations/" + "v" * 129, "path/visitor_id"),
        ("/v1/features/v?customer_id=", "query/customer_id"),
        ("/v1/features/v?products=p", "query/products"),
    ],
)
def test_a_wrong_query_is_a_problem_that_names_the_field(api: TestClient, path: str, field: str) -> None:
    answer = api.get(path)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    (violation,) = answer.json()["errors"]
    assert violation["field"] == field
    assert violation["expected"]
    assert field in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"visitor_id": "v", "features": FEATURES}, "body"),
        ({"visitor_id": ""}, "body/visitor_id"),
        ({"visitor_id": "v", "more": 1}, "body/more"),
        ({"features": {**FEATURES, "colour": 1}}, "body/features/colour"),
        ({"features": {**FEATURES, "cart_value": None}}, "body/features/cart_value"),
        ({"features": {**FEATURES, "cart_value": "9"}}, "body/features/cart_value"),
        ({"features": {**FEATURES, "cart_value": True}}, "body/features/cart_value"),
        ({"features": {k: v for k, v in FEATURES.items() if k != "cart_value"}}, "body/features/cart_value"),
    ],
)
def test_a_wrong_body_is_a_problem_that_names_the_field(api: TestClient, body: dict[str, Any], field: str) -> None:
    answer = api.post("/v1/purchase-prediction", json=body)
    assert answer.status_code == 422
    assert [violation["field"] for violation in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("raw", [b"{", b'{"visitor_id": "\\ud800"}', b'{"features": {"cart_value": NaN}}', b"\xff"])
def test_bytes_that_are_no_request_are_a_problem(api: TestClient, raw: bytes) -> None:
    answer = api.post("/v1/purchase-prediction", content=raw, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_path_and_a_wrong_method_are_problems(api: TestClient) -> None:
    assert api.get("/v2/anything").json()["status"] == 404
    wrong_method = api.delete("/v1/purchase-prediction")
    assert (wrong_method.json()["status"], wrong_method.headers["allow"]) == (405, "POST")
    assert wrong_method.json()["request_id"]


def test_ready_with_both_models_and_redis(api: TestClient) -> None:
    answer = api.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["dependencies"]["model:recommender"]["version"] == "3"


def test_not_ready_names_what_is_missing(bare_api: TestClient, shop: Shop) -> None:
    shop.online.reachable = False
    answer = bare_api.get("/health/ready")
    assert answer.status_code == 503
    reasons = {name: state["reason"] for name, state in answer.json()["dependencies"].items()}
    assert "does not answer" in reasons["redis"]
    assert reasons["model:purchase"]
    assert bare_api.get("/health/live").json() == {"live": True}
    assert bare_api.get("/health").json()["live"] is True


def test_without_kafka_it_answers_is_ready_and_says_so(api: TestClient, shop: Shop) -> None:
    shop.bus.reachable = False
    assert api.get("/v1/recommendations/v-1").json()["source"] == "model"
    _until(lambda: not api.get("/health").json()["dependencies"]["kafka"]["ok"])
    answer = api.get("/health/ready")
    assert answer.status_code == 200
    assert "no Kafka broker answers at fake:9092" in answer.json()["dependencies"]["kafka"]["reason"]


def test_metrics_carry_the_names_of_the_contract(api: TestClient) -> None:
    api.get("/v1/recommendations/v-1")
    api.get("/v1/recommendations/nobody?limit=0")
    text = api.get("/metrics").text
    route = 'route="/v1/recommendations/{visitor_id}"'
    assert f'aisle_requests_total{{{route},status="200"}} 1.0' in text
    assert f'aisle_requests_total{{{route},status="422"}} 1.0' in text
    assert f'aisle_answers_total{{fallback="",{route},source="model"}} 1.0' in text
    assert 'aisle_model_version{model="recommender"} 3.0' in text
    assert "aisle_requests_in_flight 1.0" in text
    assert f"aisle_request_seconds_count{{{route}}} 2.0" in text


def test_openapi_has_examples_of_requests_answers_and_errors(api: TestClient) -> None:
    schema = api.get("/openapi.json").json()
    schemas = schema["components"]["schemas"]
    for name in ("PredictionRequest", "PredictionsBatch", "RecommendationRequest", "RecommendationsBatch"):
        assert schemas[name]["examples"]
    assert schemas["RecommendationsAnswer"]["examples"]
    assert schemas["PredictionAnswer"]["examples"]
    problem = schema["paths"]["/v1/recommendations/{visitor_id}"]["get"]["responses"]["422"]["content"]
    assert problem["application/problem+json"]["example"]["errors"]


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold within 5 s"
        time.sleep(0.01)
