"""What a product costs on a channel at a moment, and how much more or less of it is bought for that."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from data_sources.catalogue import Product
from data_sources.prices import Price, Prices
from data_sources.promotions import Promotion, Promotions
from data_sources.times import DAY_MS

ONLINE, POS = "online", "pos"

# Units bought go with (price of one unit / list price) to the power of minus the elasticity, by department.
ELASTICITIES: Mapping[str, float] = {
    "apparel": 1.8,
    "electronics": 2.2,
    "home": 1.4,
    "sports": 1.6,
    "beauty": 1.2,
    "toys": 1.7,
    "diy": 1.0,
    "garden": 1.3,
}
PROMOTION_LIFT = 1.5  # a further factor on units bought, whatever the promotion gives


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer that holds from ``from_ms`` up to, but not with, ``until_ms``.

    ``demand`` is the factor on units bought, 1 at the list price without a promotion.
    """

    product: Product
    price: Price
    promotion: Promotion | None
    from_ms: int
    until_ms: int
    unit_price: str
    demand: float

    def line(self, quantity: int) -> dict[str, Any]:
        """Return the line of an order or a sale of so many units."""
        bought = {"quantity": quantity, "unit_price": self._price_of(quantity)}
        return {**self.product.shown, **bought, "description": self.product.title}

    def _price_of(self, quantity: int) -> str:
        """Return what each of so many units costs."""
        if self.promotion is None or self.promotion.kind != "bundle":
            return self.unit_price
        return str(self.promotion.reduced(self.product, self.price.amount, quantity))


class Offers:
    """All offers; the last one of each product and channel is kept."""

    def __init__(self, prices: Prices, promotions: Promotions) -> None:
        self._prices, self._promotions = prices, promotions
        self._last: dict[str, dict[str, Offer]] = {ONLINE: {}, POS: {}}

    def at(self, product: Product, channel: str, at_ms: int) -> Offer:
        """Return the offer of a product on a channel at a moment."""
        last = self._last[channel]
        offer = last.get(product.product_id)
        if offer is None or not offer.from_ms <= at_ms < offer.until_ms:
            offer = last[product.product_id] = self._offer(product, channel, at_ms)
        return offer

    def _offer(self, product: Product, channel: str, at_ms: int) -> Offer:
        price, promotion = self._prices.at(product, at_ms), self._promotions.of(product, channel, at_ms)
        unit_price = price.amount if promotion is None else promotion.reduced(product, price.amount, 1)
        midnight = at_ms // DAY_MS * DAY_MS
        return Offer(
            product=product,
            price=price,
            promotion=promotion,
            from_ms=max(price.from_ms, midnight),
            until_ms=min(price.until_ms, midnight + DAY_MS),
            unit_price=str(unit_price),
            demand=_demand(product, unit_price, promotion),
        )


def _demand(product: Product, unit_price: Decimal, promotion: Promotion | None) -> float:
    department = product.category.partition(".")[0]
    by_price = math.pow(unit_price / product.list_price, -ELASTICITIES[department])
    return by_price * (1.0 if promotion is None else PROMOTION_LIFT)
