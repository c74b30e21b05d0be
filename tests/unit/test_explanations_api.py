"""Explanations over HTTP, of a shop with plain models; those of the real ones are in tests/integration."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from tests.fixtures.model_server import FEATURES, Shop, api, bare_api, open_shop, shop

__all__ = ["api", "bare_api", "open_shop", "shop"]

_LIST = "/v1/recommendations/explanation"
_PREDICTION = "/v1/purchase-prediction/explanation"


def test_a_list_is_that_of_the_same_request_and_is_not_shown(api: TestClient, shop: Shop) -> None:
    body = {"placement": "home", "visitor_id": "v-1", "limit": 2}
    explained = api.post(_LIST, json=body, headers={"X-Request-ID": "r-1"}).json()
    shop.serving.impressions.stop()
    assert not shop.bus.messages
    assert explained["answer"] == api.post("/v1/recommendations", json=body, headers={"X-Request-ID": "r-1"}).json()
    assert (explained["recent"], explained["past"]) == (["w1"], [])
    assert [product["product_id"] for product in explained["products"]] == ["w2", "w3"]
    assert explained["products"][0] == {
        "product_id": "w2",
        "source": "co_visitation",
        "sources": {},
        "base": None,
        "contributions": [],
        "others": 0,
    }


@pytest.mark.parametrize("which", ["api", "bare_api"])
def test_without_a_past_or_a_model_there_is_nothing_to_explain(which: str, request: pytest.FixtureRequest) -> None:
    client: TestClient = request.getfixturevalue(which)
    explained = client.post(_LIST, json={"placement": "home", "visitor_id": "nobody"}).json()
    assert (explained["recent"], explained["past"]) == ([], [])
    assert all(product["base"] is None for product in explained["products"])


def test_a_prediction_is_explained_by_the_features_that_it_was_made_from(api: TestClient) -> None:
    for body in ({"visitor_id": "v-1"}, {"features": FEATURES}):
        explained = api.post(_PREDICTION, json=body).json()
        assert (explained["answer"]["probability"], explained["answer"]["source"]) == (0.9, "model")
        assert explained["base"] == 0.25
        assert explained["contributions"] == [{"feature": "cart_add_count", "value": 1.0, "contribution": 0.65}]


def test_a_base_rate_has_no_contributions(api: TestClient) -> None:
    explained = api.post(_PREDICTION, json={"visitor_id": "nobody"}).json()
    assert (explained["answer"]["fallback"], explained["base"]) == ("unknown_visitor", 0.25)
    assert explained["contributions"] == []


def test_without_a_model_no_prediction_is_explained(bare_api: TestClient) -> None:
    assert bare_api.post(_PREDICTION, json={"visitor_id": "v-1"}).status_code == 503


def test_what_is_no_request_is_not_explained(api: TestClient) -> None:
    assert api.post(_PREDICTION, json={}).status_code == 422
    assert api.post(_LIST, json={"placement": "session"}).status_code == 422
