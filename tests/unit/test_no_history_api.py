"""What the model server shows of products, and to visitors, without history."""

from __future__ import annotations

import time

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.fixtures.inventory_events import product_updated, stock_level_changed
from tests.fixtures.model_server import Shop, api, bare_api, open_shop, shop

__all__ = ["api", "bare_api", "open_shop", "shop"]

HOME = "/v1/recommendations"


def _ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["product_id"] for item in answer.json()["items"]]


def test_a_product_that_nobody_has_seen_is_in_the_last_place_of_the_next_lists(api: TestClient, shop: Shop) -> None:
    shop.say(product_updated("new"), product_updated("w1"), product_updated("gone", is_active=False))
    assert _ids(api.get(f"{HOME}/v-1")) == ["w2", "w3", "b1", "b2", "new"]
    body = api.get(f"{HOME}/nobody", params={"limit": 5}).json()
    assert [item["product_id"] for item in body["items"]] == ["w1", "b1", "b2", "w2", "new"]
    assert body["items"][-1] == {"product_id": "new", "score": 0.0, "source": "newcomer"}
    assert (body["source"], body["fallback"]) == ("popularity", "unknown_visitor")


@pytest.mark.parametrize(
    ("path", "comes"),
    [
        ("/v1/products/w1/similar?limit=5", True),
        ("/v1/products/w1/bought-together?limit=5", False),
        ("/v1/trending?limit=5", False),
        (f"{HOME}/nobody?limit=4", False),
        (f"{HOME}/nobody?limit=5&exclude=new", False),
        (f"{HOME}/nobody?limit=5&max_price=1000", False),
    ],
)
def test_it_is_for_those_lists_that_have_room_for_it(api: TestClient, shop: Shop, path: str, comes: bool) -> None:
    shop.say(product_updated("new"))
    assert ("new" in _ids(api.get(path))) is comes


def test_the_next_page_goes_on_where_the_ranking_was_left(api: TestClient, shop: Shop) -> None:
    shop.say(product_updated("new"))
    first = api.get(f"{HOME}/nobody", params={"limit": 5})
    assert (_ids(first)[-1], first.json()["next_offset"]) == ("new", 4)
    second = api.get(f"{HOME}/nobody", params={"limit": 5, "offset": 4})
    assert (_ids(second), second.json()["next_offset"]) == (["w3"], None)


def test_it_is_one_of_its_brand_too(api: TestClient, shop: Shop) -> None:
    shop.say(product_updated("new", brand="acme"))
    shop.products.rows = {product_id: {"brand": "acme"} for product_id in ("w1", "b1")}
    for most, last in ((2, "w3"), (3, "new")):
        shown = _ids(api.get(f"{HOME}/nobody", params={"limit": 5, "max_per_brand": most}))
        assert (shown[:2], shown[-1]) == (["w1", "b1"], last)


def test_a_first_visitor_in_an_empty_shop_gets_what_is_sold_and_in_stock(bare_api: TestClient, shop: Shop) -> None:
    shop.say(*(product_updated(f"p-{number}") for number in range(3)), stock_level_changed("p-1", 0))
    shop.products.rows = {"p-2": {"is_active": False}}
    body = bare_api.get(f"{HOME}/v-1").json()
    assert (body["source"], body["fallback"], body["model"]) == ("catalogue", "no_model", None)
    assert body["items"] == [{"product_id": "p-0", "score": 1.0, "source": "catalogue"}]
    assert _ids(bare_api.get(f"{HOME}/v-1", params={"exclude": "p-0"})) == []
    assert _ids(bare_api.get("/v1/products/p-0/similar")) == []
    deadline = time.monotonic() + 5
    while len(shop.bus.messages) != 1:
        assert time.monotonic() < deadline
        time.sleep(0.005)
