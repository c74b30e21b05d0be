from __future__ import annotations

from dataclasses import replace

import pytest

from data_sources.assortment import SHELVES
from data_sources.catalogue import build_catalogue
from data_sources.personas import OTHER_BRAND, Persona, build_personas, taste

PRODUCT = build_catalogue(7, 1).products[0]
LIKING = Persona("one", {PRODUCT.category: 0.8, "other": 0.2}, frozenset({PRODUCT.brand}), PRODUCT.price_level, 0.2)


def test_taste_is_1_where_category_brand_and_price_suit() -> None:
    assert taste(LIKING, PRODUCT) == 1.0


def test_taste_falls_with_category_brand_and_price() -> None:
    assert taste(LIKING, replace(PRODUCT, category="other")) == pytest.approx(0.25)
    assert taste(LIKING, replace(PRODUCT, brand="nobody's")) == pytest.approx(OTHER_BRAND)
    one_deviation_off = replace(PRODUCT, price_level=PRODUCT.price_level + 0.3)
    assert taste(LIKING, one_deviation_off) == pytest.approx(0.60653, abs=1e-5)


def test_every_persona_weighs_every_category() -> None:
    personas = build_personas(7)
    assert len({persona.name for persona in personas}) == len(personas)
    for persona in personas:
        assert set(persona.category_weights) == {shelf.category for shelf in SHELVES}
        assert sum(persona.category_weights.values()) == pytest.approx(1)


def test_every_taste_is_above_0_and_at_most_1() -> None:
    tastes = [taste(persona, product) for persona in build_personas(7) for product in build_catalogue(7, 300).products]
    assert min(tastes) > 0
    assert max(tastes) <= 1


def test_favourite_brands_depend_on_the_seed() -> None:
    assert build_personas(7) == build_personas(7)
    assert build_personas(7) != build_personas(8)
