"""The shop's own prices: each product keeps its list price most of the time. A pure function of seed and time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from data_sources.catalogue import Catalogue, Product
from data_sources.randomness import random_of
from data_sources.steps import Step
from data_sources.times import DAY_MS, HOUR_MS, time_text

PERIOD_MS = 8 * DAY_MS  # a product's price is looked at anew; each product has its own turn
OFF_LIST_RATIO = 0.15  # of periods have another price than the list price
_LEVELS = {"0.80": "clearance", "0.90": "competition", "1.10": "demand", "1.20": "cost"}
_ANNOUNCED_MS = HOUR_MS  # before it holds


class Price(NamedTuple):
    """A product's own price, before promotions, from ``from_ms`` up to, but not with, ``until_ms``."""

    from_ms: int
    until_ms: int
    amount: Decimal
    reason: str


class Prices:
    """The own prices of one catalogue."""

    def __init__(self, seed: int, catalogue: Catalogue) -> None:
        self._seed = seed
        self._products = catalogue.products
        self._turns = {p.product_id: _turn(seed, p) for p in catalogue.products}
        self._levels = lru_cache(maxsize=4 * len(catalogue.products))(self._level)

    def at(self, product: Product, at_ms: int) -> Price:
        """Return the price that holds at a moment."""
        turn = self._turns[product.product_id]
        period = (at_ms - turn) // PERIOD_MS
        level = self._levels(product.product_id, period)
        from_ms = turn + period * PERIOD_MS
        reason = _LEVELS.get(level, "correction")
        return Price(from_ms, from_ms + PERIOD_MS, rounded(product, product.list_price * Decimal(level)), reason)

    def changes(self, start_ms: int) -> Iterator[list[Step]]:
        """Yield the changes in order of announcement, without end: first those in force at the start."""
        in_force = [_opening(product, self.at(product, start_ms), start_ms) for product in self._products]
        yield from ([step] for step in in_force if step is not None)
        coming = [(self.at(product, start_ms).until_ms, place) for place, product in enumerate(self._products)]
        heapq.heapify(coming)
        while True:
            effective_ms, place = heapq.heappop(coming)
            product = self._products[place]
            heapq.heappush(coming, (effective_ms + PERIOD_MS, place))
            old, new = self.at(product, effective_ms - 1), self.at(product, effective_ms)
            if old.amount != new.amount:
                at_ms = max(start_ms, effective_ms - _ANNOUNCED_MS)
                yield [Step(at_ms, "price_changed", _fields(product, old.amount, new))]

    def _level(self, product_id: str, period: int) -> str:
        rng = random_of(self._seed, f"price/{product_id}/{period}")
        return rng.choice(tuple(_LEVELS)) if rng.random() < OFF_LIST_RATIO else "1"


def rounded(product: Product, price: Decimal) -> Decimal:
    """Return a price with as many places as the product's list price has, and at least one unit of the last."""
    last = Decimal(1).scaleb(product.list_price.as_tuple().exponent)  # type: ignore[arg-type]
    return max(last, price.quantize(last))


def _turn(seed: int, product: Product) -> int:
    """Return when, within a period, the product's prices change: at a full hour."""
    return random_of(seed, f"price/{product.product_id}").randrange(PERIOD_MS // HOUR_MS) * HOUR_MS


def _opening(product: Product, price: Price, start_ms: int) -> Step | None:
    """Restate a price that is not the list price, so that a run can be understood from its own events."""
    if price.amount == product.list_price:
        return None
    return Step(start_ms, "price_changed", _fields(product, product.list_price, price))


def _fields(product: Product, old: Decimal, new: Price) -> dict[str, Any]:
    prices = {"old_price": str(old), "new_price": str(new.amount)}
    when = {"change_reason": new.reason, "effective_at": time_text(new.from_ms)}
    return {"product_id": product.product_id, **prices, **when}
