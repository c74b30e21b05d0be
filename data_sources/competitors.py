"""What competitors ask for the same products, week by week. A pure function of seed and time; nobody buys by it."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

from data_sources.catalogue import Product
from data_sources.prices import rounded
from data_sources.randomness import random_of
from data_sources.times import DAY_MS

# Competitor → its usual price relative to the shop's list price.
COMPETITORS = {"cheapo": 0.92, "middlemart": 1.0, "grandhouse": 1.07}
_SPREAD = 0.06  # standard deviation of a week's price around the usual one


class Competitors:
    """The competitors of one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def observation(self, product: Product, at_ms: int, rng: Random) -> dict[str, Any]:
        """Return the fields of what one competitor, drawn by ``rng``, asks for a product at that moment."""
        competitor = rng.choice(tuple(COMPETITORS))
        return {
            "product_id": product.product_id,
            "competitor": competitor,
            "price": str(self.price(competitor, product, at_ms)),
            "url": f"https://{competitor}.example/{product.product_id}",
        }

    def price(self, competitor: str, product: Product, at_ms: int) -> Decimal:
        """Return a competitor's price of a product in the week of that moment."""
        week = random_of(self._seed, f"competitor/{competitor}/{product.product_id}/{at_ms // (7 * DAY_MS)}")
        level = max(0.5, COMPETITORS[competitor] + _SPREAD * week.gauss())
        return rounded(product, product.list_price * Decimal(f"{level:.3f}"))
