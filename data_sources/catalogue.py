"""The simulated catalogue: products with categories, brands, prices and a Zipf popularity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from random import Random

from data_sources.assortment import ADJECTIVES, BRANDS, SHELVES, Shelf
from data_sources.randomness import random_of

# Below 1, so that the head does not drown what tastes and affinity have to say.
ZIPF_EXPONENT = 0.75


@dataclass(frozen=True)
class Product:
    """One product.

    ``unit_price`` is its list price; ``popularity`` its Zipf weight, ``price_level`` its place in its category's
    range, 0 to 1.
    """

    product_id: str
    category: str
    brand: str
    unit_price: str
    adjective: str
    noun: str
    popularity: float
    price_level: float

    def __hash__(self) -> int:
        return hash(self.product_id)

    @property
    def title(self) -> str:
        """What the shop calls it."""
        return f"{self.brand} {self.adjective} {self.noun}"

    @cached_property
    def list_price(self) -> Decimal:
        """The list price as a number."""
        return Decimal(self.unit_price)

    @cached_property
    def shown(self) -> Mapping[str, str]:
        """The fields that every event or line about it carries."""
        return {"product_id": self.product_id, "category": self.category, "brand": self.brand}


@dataclass(frozen=True)
class Catalogue:
    """All products, ordered by id."""

    products: tuple[Product, ...]

    @cached_property
    def by_category(self) -> Mapping[str, tuple[Product, ...]]:
        """Category → its products, in order of id."""
        groups: dict[str, list[Product]] = {}
        for product in self.products:
            groups.setdefault(product.category, []).append(product)
        return {category: tuple(group) for category, group in groups.items()}

    @cached_property
    def result_counts(self) -> Mapping[str, int]:
        """Query → how many products the shop's search finds: a noun, or a brand or adjective before it."""
        counts: Counter[str] = Counter()
        for product in self.products:
            counts.update(queries_for(product))
        return counts


def queries_for(product: Product) -> tuple[str, str, str]:
    """Return what people type to find ``product``: wide first."""
    return product.noun, f"{product.brand} {product.noun}", f"{product.adjective} {product.noun}"


def build_catalogue(seed: int, size: int) -> Catalogue:
    """Build ``size`` products, spread evenly over the categories; the same seed and size give the same catalogue."""
    rng = random_of(seed, "catalogue")
    ranks = list(range(1, size + 1))
    rng.shuffle(ranks)
    return Catalogue(tuple(_product(number, rank, rng) for number, rank in enumerate(ranks, start=1)))


def _product(number: int, rank: int, rng: Random) -> Product:
    shelf = SHELVES[number % len(SHELVES)]
    price_level = round(rng.random(), 4)
    return Product(
        product_id=f"p-{number:05d}",
        category=shelf.category,
        brand=rng.choice(BRANDS[shelf.department]),
        unit_price=_price(shelf, price_level),
        adjective=rng.choice(ADJECTIVES),
        noun=rng.choice(shelf.nouns),
        popularity=rank**-ZIPF_EXPONENT,
        price_level=price_level,
    )


def _price(shelf: Shelf, level: float) -> str:
    """Return the price at ``level`` of the category's range, on a logarithmic scale, as a decimal text."""
    price = shelf.cheapest * (shelf.dearest / shelf.cheapest) ** level
    return f"{price:.{shelf.places}f}"
