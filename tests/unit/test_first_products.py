"""A shop on its first day: nobody has been there, there is the catalogue only."""

from __future__ import annotations

import numpy as np

from ml_modeling.recommending.catalogue import Catalogue, catalogue_of
from ml_modeling.recommending.first_products import first_products
from ml_modeling.recommending.product_facts import ProductFacts

WORDS = {"shoes": "running shoe", "kitchen": "iron pan", "toys": "board game", "garden": "rose seed"}
PRICES = (10, 20, 30, 40, 50)


def _catalogue() -> Catalogue:
    """Four categories with five prices each, in order of category and price."""
    return catalogue_of(
        [ProductFacts(f"{words} {price}", name, "brand", price) for name, words in WORDS.items() for price in PRICES]
    )


EVERYTHING = np.ones(20, np.bool_)


def test_a_first_list_goes_through_all_categories() -> None:
    first = first_products(_catalogue(), EVERYTHING, 8)
    assert sorted(first[:4] // 5) == [0, 1, 2, 3]
    assert set(np.bincount(first // 5)) <= {1, 2, 3}


def test_and_through_cheap_and_dear() -> None:
    levels = _catalogue().price_levels[first_products(_catalogue(), EVERYTHING, 8)]
    assert levels.min() < 0.2
    assert levels.max() > 0.8
    assert len(set(levels.tolist())) >= 3


def test_what_is_sold_out_is_not_shown_and_the_list_ends_where_nothing_is_left() -> None:
    available = EVERYTHING.copy()
    available[first_products(_catalogue(), EVERYTHING, 4)] = False
    shown = first_products(_catalogue(), available, 30)
    assert len(shown) == len(set(shown.tolist())) == 16
    assert available[shown].all()
    assert len(first_products(_catalogue(), np.zeros(20, np.bool_), 5)) == 0


def test_twins_are_not_shown_side_by_side() -> None:
    twins = catalogue_of(
        [ProductFacts("iron pan", "kitchen", "b", 10)] * 3 + [ProductFacts("red rose", "garden", "b", 9)]
    )
    assert first_products(twins, np.ones(4, np.bool_), 2).tolist() == [0, 3]


def test_what_is_popular_comes_first_in_its_category() -> None:
    popularity = np.zeros(20)
    popularity[[3, 9, 11, 15]] = (100, 90, 90, 80)
    assert set(first_products(_catalogue(), EVERYTHING, 4, popularity)) == {3, 9, 11, 15}
    assert first_products(_catalogue(), EVERYTHING, 4, popularity)[0] == 3


def test_a_shop_where_nobody_was_is_like_one_without_popularity() -> None:
    empty = first_products(_catalogue(), EVERYTHING, 6, np.zeros(20))
    assert empty.tolist() == first_products(_catalogue(), EVERYTHING, 6).tolist()
