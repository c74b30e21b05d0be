"""The stores: tills that sell to known and unknown customers and take goods back."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Any

from data_sources.browsing import Numbers, Step
from data_sources.catalogue import Product
from data_sources.choosing import Chooser
from data_sources.visitors import Society

# store → country, tills
STORES = {"s-01": ("DE", 6), "s-02": ("DE", 3), "s-03": ("FR", 4), "s-04": ("NL", 3), "s-05": ("GB", 2)}
RETURN_RATIO = 0.07  # of what tills do
NAMED_RATIO = 0.6  # of returns name the sale
LOYALTY_RATIO = 0.45  # of sales name the customer
_REMEMBERED_SALES = 200


class Stores:
    """All tills. Remembers the last sales, so that what is returned was sold."""

    def __init__(self, society: Society, known_visitors: int, chooser: Chooser, numbers: Numbers, rng: Random) -> None:
        self._society, self._known_visitors = society, known_visitors
        self._chooser, self._numbers, self._rng = chooser, numbers, rng
        self._sales: deque[dict[str, Any]] = deque(maxlen=_REMEMBERED_SALES)

    def serve(self, at_ms: int) -> list[Step]:
        """Return what one till does at a moment: a sale, or a return where there was a sale."""
        if self._sales and self._rng.random() < RETURN_RATIO:
            return [Step(at_ms, "pos_return_completed", self._take_back())]
        return [Step(at_ms, "pos_transaction_completed", self._sell())]

    def _sell(self) -> dict[str, Any]:
        rng = self._rng
        store_id = rng.choice(tuple(STORES))
        country, tills = STORES[store_id]
        buyer = self._society.customer(rng, self._known_visitors)
        basket: dict[Product, int] = {}
        focus, product = self._chooser.focus(buyer.persona, rng), None
        for _ in range(min(12, 1 + int(rng.expovariate(0.5)))):
            product = self._chooser.next_product(buyer.persona, focus, product, rng)
            basket[product] = basket.get(product, 0) + 1
        where = {"store_id": store_id, "register_id": f"{rng.randint(1, tills)}", "country": country}
        named = {"customer_id": buyer.customer_id} if rng.random() < LOYALTY_RATIO else {}
        sale = {
            "transaction_id": self._numbers.next("t"),
            **where,
            **named,
            "lines": _lines(basket),
        }
        self._sales.append(sale)
        return sale

    def _take_back(self) -> dict[str, Any]:
        """Take one line of a remembered sale back, at its store, once."""
        rng = self._rng
        place = rng.randrange(len(self._sales))
        sale = self._sales[place]
        del self._sales[place]
        named = rng.random() < NAMED_RATIO
        kept = ("transaction_id", "store_id", "register_id", "customer_id", "country")
        fields = {name: sale[name] for name in kept if name in sale and (named or name != "transaction_id")}
        return {"return_id": self._numbers.next("b"), **fields, "lines": [rng.choice(sale["lines"])]}


def _lines(basket: dict[Product, int]) -> list[dict[str, Any]]:
    return [{**p.shown, "quantity": n, "unit_price": p.unit_price, "description": p.title} for p, n in basket.items()]
