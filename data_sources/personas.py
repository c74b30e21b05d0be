"""Personas: the latent tastes behind the trade. This is the ground truth that models try to learn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from data_sources.assortment import BRANDS, SHELVES
from data_sources.catalogue import Product
from data_sources.randomness import random_of

LIKED_SHARE = 0.88  # of a persona's interest lies in the categories it likes
OTHER_BRAND = 0.35  # the weight of a brand that is no favourite
PRICE_WIDTH = 0.3  # standard deviation of the price level that still suits
FAVOURITES_PER_DEPARTMENT = 2


@dataclass(frozen=True)
class Persona:
    """Tastes shared by many visitors.

    ``category_weights`` sum to 1 over all categories; ``price_level`` is the level (0 cheap, 1 dear) that suits best;
    ``buying_ratio`` is the share of sessions that come with the intent to buy.
    """

    name: str
    category_weights: Mapping[str, float]
    favourite_brands: frozenset[str]
    price_level: float
    buying_ratio: float


# name → liked categories (the first most), price level, buying ratio
_SKETCHES: tuple[tuple[str, tuple[str, ...], float, float], ...] = (
    ("runner", ("apparel.shoes.running", "sports.fitness", "apparel.shirts"), 0.6, 0.25),
    ("hiker", ("sports.camping", "apparel.shoes.boots", "apparel.jackets"), 0.7, 0.2),
    ("cook", ("home.kitchen.cookware", "home.kitchen.knives", "home.textiles"), 0.75, 0.22),
    ("listener", ("electronics.audio.headphones", "electronics.audio.speakers", "electronics.phones"), 0.8, 0.12),
    ("gamer", ("electronics.computers", "toys.games", "electronics.audio.headphones"), 0.5, 0.15),
    ("parent", ("toys.building", "toys.games", "apparel.shirts", "beauty.skin"), 0.3, 0.35),
    ("maker", ("diy.tools", "diy.fasteners", "diy.fabric", "garden.plants"), 0.4, 0.3),
    ("groomer", ("beauty.skin", "beauty.hair", "home.textiles"), 0.65, 0.32),
    ("bargainer", ("apparel.shirts", "apparel.trousers", "beauty.hair", "home.lighting"), 0.1, 0.18),
    ("cyclist", ("sports.cycling", "apparel.jackets", "sports.fitness"), 0.55, 0.2),
)


def build_personas(seed: int) -> tuple[Persona, ...]:
    """Return the personas; their favourite brands depend on the seed."""
    rng = random_of(seed, "personas")
    personas = []
    for name, liked, price_level, buying_ratio in _SKETCHES:
        brands = [brand for names in BRANDS.values() for brand in rng.sample(names, FAVOURITES_PER_DEPARTMENT)]
        personas.append(Persona(name, _category_weights(liked), frozenset(brands), price_level, buying_ratio))
    return tuple(personas)


def taste(persona: Persona, product: Product) -> float:
    """Return how much a persona likes a product, above 0 and at most 1: category × brand × price.

    The category counts relative to the persona's best one, the price by a bell around the level that suits.
    """
    category = persona.category_weights[product.category] / max(persona.category_weights.values())
    brand = 1.0 if product.brand in persona.favourite_brands else OTHER_BRAND
    price = math.exp(-0.5 * ((product.price_level - persona.price_level) / PRICE_WIDTH) ** 2)
    return category * brand * price


def _category_weights(liked: tuple[str, ...]) -> dict[str, float]:
    halving = [0.6**place for place in range(len(liked))]
    weights = {shelf.category: (1 - LIKED_SHARE) / (len(SHELVES) - len(liked)) for shelf in SHELVES}
    return weights | {c: LIKED_SHARE * w / sum(halving) for c, w in zip(liked, halving, strict=True)}
