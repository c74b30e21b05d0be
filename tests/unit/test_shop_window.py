from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ml_modeling.baseline_recommender import fit
from ml_modeling.recommender import Recommender
from ml_modeling.recommending.newcomers import SHOWN_ENOUGH
from ml_modeling.recommending.product_facts import ProductFacts
from model_serving.listing import Listing
from model_serving.shop_window import ShopWindow
from tests.fixtures.inventory_events import product_updated, stock_level_changed


def _cheapest_first(facts: Mapping[str, ProductFacts]) -> Sequence[str]:
    return sorted(facts, key=lambda product_id: facts[product_id].price or 0)


class Shop:
    """A window, the listing behind it, and the model that is in use."""

    def __init__(self, *products: str) -> None:
        self.listing = Listing()
        self.model: Recommender | None = None
        self.now_s = self.takes_s = 0.0
        self.window = ShopWindow(self.listing, lambda: self.model, self._first_list, lambda: self.now_s)
        for price, product_id in enumerate(products):
            self.listing.take(product_updated(product_id, list_price=f"{9 - price}.00", brand=f"of {product_id}"))
        self.window.refresh()

    def _first_list(self, facts: Mapping[str, ProductFacts]) -> Sequence[str]:
        self.now_s += self.takes_s
        return _cheapest_first(facts)

    def learn(self, *products: str) -> None:
        self.model = fit(np.array(["2026-01-01"], "datetime64[us]"), [list(products)])
        self.window.refresh()

    def chosen(self, *barred: str) -> str | None:
        newcomer = self.window.newcomer([], barred)
        return newcomer.product_id if newcomer else None


def test_without_a_model_the_first_list_is_what_is_sold_in_its_order() -> None:
    shop = Shop("dear", "middle", "cheap")
    assert [product.product_id for product in shop.window.first(2)] == ["cheap", "middle"]
    assert [product.score for product in shop.window.first(2)] == [1, 0.5]
    assert {product.source for product in shop.window.first(2)} == {"catalogue"}
    shop.listing.take(stock_level_changed("cheap", 0))
    assert [product.product_id for product in shop.window.first(2)] == ["middle", "dear"]
    assert shop.chosen() is None
    assert [product.product_id for product in shop.window.first(2, exclude=["middle"])] == ["dear"]
    assert Shop().window.first(3) == []


def test_what_the_model_has_not_seen_is_a_newcomer_until_it_is_sold_out_or_learned_of() -> None:
    shop = Shop("known", "new", "newer")
    shop.learn("known")
    assert {shop.chosen("new"), shop.chosen("newer")} == {"new", "newer"}
    shop.listing.take(stock_level_changed("new", 0))
    assert shop.chosen("newer") is None
    shop.window.refresh()
    assert shop.chosen() == "newer"
    shop.learn("known", "newer")
    assert shop.chosen() is None
    assert shop.window.brand("newer") == "of newer"
    assert shop.window.brand("new") is None


def test_a_list_that_takes_long_is_not_made_again_for_each_change() -> None:
    shop = Shop("dear")
    shop.takes_s = 2.0
    for product_id, after_s, listed in (("a", 0, 2), ("b", 39, 2), ("c", 1, 4)):
        shop.listing.take(product_updated(product_id))
        shop.now_s += after_s
        shop.window.refresh()
        assert len(shop.window.first(9)) == listed
    shop.listing.take(stock_level_changed("a", 0))
    assert "a" not in [product.product_id for product in shop.window.first(9)]
    shop.learn("dear")
    assert shop.chosen("b", "c") is None
    assert shop.chosen() is not None


def test_what_comes_after_the_model_is_a_newcomer_at_the_next_refresh() -> None:
    shop = Shop("known")
    shop.learn("known")
    shop.listing.take(product_updated("new"))
    assert shop.chosen() is None
    shop.window.refresh()
    assert shop.chosen() == "new"


def test_showings_are_remembered_over_changes_and_models() -> None:
    shop = Shop("known", "new")
    shop.learn("known")
    for _ in range(SHOWN_ENOUGH - 1):
        shop.window.showed("new")
    shop.learn("known")
    assert shop.chosen() == "new"
    shop.window.showed("new")
    shop.window.showed("known")
    shop.listing.take(product_updated("newer"))
    shop.window.refresh()
    assert shop.chosen() == "newer"
    assert shop.chosen("newer") is None
