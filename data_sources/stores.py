"""The stores: tills that sell to known and unknown customers and take goods back."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from random import Random
from typing import Any

from data_sources.catalogue import Product
from data_sources.market import Market
from data_sources.offers import POS
from data_sources.personas import Persona
from data_sources.steps import Step
from data_sources.visitors import Society

# store → country, tills
STORES = {"s-01": ("DE", 6), "s-02": ("DE", 3), "s-03": ("FR", 4), "s-04": ("NL", 3), "s-05": ("GB", 2)}
RETURN_RATIO = 0.07  # of what tills do
NAMED_RATIO = 0.6  # of returns name the sale
LOYALTY_RATIO = 0.45  # of sales name the customer
WET_VISIT_RATIO = 0.65  # of those who would come when it is dry come in rain or snow
HOT_ABOVE_C = 22.0
HEAT_LIFTS_PER_C: Mapping[str, float] = {"beauty.skin": 0.08, "garden.plants": 0.05, "sports.camping": 0.06}
_REMEMBERED_SALES = 200


class Stores:
    """All tills. Remembers the last sales, so that what is returned was sold."""

    def __init__(self, market: Market, society: Society, known_visitors: int, rng: Random) -> None:
        self._market, self._society, self._known_visitors, self._rng = market, society, known_visitors, rng
        self._sales: deque[dict[str, Any]] = deque(maxlen=_REMEMBERED_SALES)

    def serve(self, at_ms: int) -> list[Step]:
        """Return what one till does at a moment: a sale, a return where there was a sale, or nothing.

        Nobody comes because of the rain, or what they came for is sold out or too dear.
        """
        store_id = self._rng.choice(tuple(STORES))
        weather = self._market.weather.at(store_id, at_ms)
        if weather.is_wet and self._rng.random() > WET_VISIT_RATIO:
            return []
        if self._sales and self._rng.random() < RETURN_RATIO:
            return [Step(at_ms, "pos_return_completed", self._take_back())]
        sale = self._sale(store_id, at_ms, weather.temperature_c)
        return [Step(at_ms, "pos_transaction_completed", sale)] if sale["lines"] else []

    def _sale(self, store_id: str, at_ms: int, temperature_c: float) -> dict[str, Any]:
        rng = self._rng
        country, tills = STORES[store_id]
        buyer = self._society.customer(rng, self._known_visitors)
        basket = self._fill(store_id, buyer.persona, at_ms, temperature_c)
        where = {"store_id": store_id, "register_id": f"{rng.randint(1, tills)}", "country": country}
        named = {"customer_id": buyer.customer_id} if rng.random() < LOYALTY_RATIO else {}
        offers = self._market.offers
        sale = {
            "transaction_id": self._market.numbers.next("t"),
            **where,
            **named,
            "lines": [offers.at(product, POS, at_ms).line(quantity) for product, quantity in basket.items()],
        }
        if basket:
            self._sales.append(sale)
        return sale

    def _fill(self, store_id: str, persona: Persona, at_ms: int, temperature_c: float) -> dict[Product, int]:
        """Return product → quantity: of each product chosen as many as offer and weather call for, if there are."""
        rng, market = self._rng, self._market
        basket: dict[Product, int] = {}
        focus, product = market.chooser.focus(persona, rng), None
        for _ in range(min(12, 1 + int(rng.expovariate(0.5)))):
            product = market.chooser.next_product(persona, focus, product, rng)
            demand = market.offers.at(product, POS, at_ms).demand * heat_factor(product.category, temperature_c)
            taken = market.stock.take(store_id, product, int(demand + rng.random()))
            if taken:
                basket[product] = basket.get(product, 0) + taken
        return basket

    def _take_back(self) -> dict[str, Any]:
        """Take one line of a remembered sale back, at its store, once."""
        rng = self._rng
        place = rng.randrange(len(self._sales))
        sale = self._sales[place]
        del self._sales[place]
        named = rng.random() < NAMED_RATIO
        kept = ("transaction_id", "store_id", "register_id", "customer_id", "country")
        fields = {name: sale[name] for name in kept if name in sale and (named or name != "transaction_id")}
        return {"return_id": self._market.numbers.next("b"), **fields, "lines": [rng.choice(sale["lines"])]}


def heat_factor(category: str, temperature_c: float) -> float:
    """Return the factor of a hot day on the units of a category that a store sells."""
    return 1 + HEAT_LIFTS_PER_C.get(category, 0.0) * max(0.0, temperature_c - HOT_ABOVE_C)
