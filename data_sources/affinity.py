"""Which products go together: the structure that co-visitation models can find."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from data_sources.assortment import SHELVES
from data_sources.catalogue import Catalogue, Product
from data_sources.randomness import random_of

SIMILAR = 9  # from the same category
COMPLEMENTS = 3  # from the category that goes with it


def related_products(seed: int, catalogue: Catalogue) -> Mapping[str, tuple[Product, ...]]:
    """Return, for each product id, its related products, closest first: alternatives, then what goes with it."""
    rng = random_of(seed, "affinity")
    goes_with = {shelf.category: shelf.goes_with for shelf in SHELVES}
    related = {}
    for product in catalogue.products:
        similar = _closest(product, catalogue.by_category[product.category], SIMILAR, rng)
        others = catalogue.by_category.get(goes_with[product.category], ())
        related[product.product_id] = (*similar, *_closest(product, others, COMPLEMENTS, rng))
    return related


def _closest(product: Product, candidates: tuple[Product, ...], count: int, rng: Random) -> list[Product]:
    """Return ``count`` candidates near in price level, the same brand nearer, with some chance in it."""

    def distance(other: Product) -> float:
        brand = 0.0 if other.brand == product.brand else 0.25
        return abs(other.price_level - product.price_level) + brand + 0.3 * rng.random()

    others = [other for other in candidates if other is not product]
    return sorted(others, key=distance)[:count]
