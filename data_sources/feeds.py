"""What other systems say round and round: the master data of each product, and competitors' prices."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from random import Random

from data_sources.catalogue import Catalogue, Product
from data_sources.competitors import Competitors
from data_sources.steps import Step


def master_data(catalogue: Catalogue, times: Iterator[int]) -> Iterator[list[Step]]:
    """Yield one product's master data at each of the times: the whole catalogue, again and again."""
    for at_ms, product in zip(times, cycle(catalogue.products), strict=False):
        yield [Step(at_ms, "product_updated", _master_data_of(product))]


def competitor_prices(
    catalogue: Catalogue, competitors: Competitors, times: Iterator[int], rng: Random
) -> Iterator[list[Step]]:
    """Yield one competitor's price of one product at each of the times."""
    for at_ms in times:
        product = rng.choice(catalogue.products)
        yield [Step(at_ms, "competitor_price_observed", competitors.observation(product, at_ms, rng))]


def _master_data_of(product: Product) -> dict[str, object]:
    about = {**product.shown, "name": product.title, "list_price": product.unit_price}
    return {**about, "is_active": True}
