"""Promotions, and the campaigns that tell of them. A pure function of seed and time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from random import Random
from typing import Any

from data_sources.catalogue import Catalogue, Product
from data_sources.prices import rounded
from data_sources.randomness import random_of
from data_sources.steps import Step
from data_sources.times import DAY_MS, HOUR_MS, time_text

LONGEST_DAYS = 5
_PLANNED_MS = 36 * HOUR_MS  # before the start
_STARTING_A_DAY = (0, 1, 1, 2)
_KINDS, _WEIGHTS = ("percent", "amount", "bundle"), (50, 25, 25)
_CHANNELS = (("online", "pos"), ("online", "pos"), ("online",), ("pos",))
_PERCENT = (10, 15, 20, 25, 30)
_LISTED = 8  # products of a promotion that names them
_WORTH_AN_AMOUNT = Decimal(5)  # cheaper products have no money off
_BUNDLE = 3  # units
_CAMPAIGN_RATIO = 0.6  # of days on which promotions start
_CAMPAIGN_CHANNELS = ("email", "search", "social", "display", "push")
_AUDIENCES = ("everyone", "customers", "new_visitors", "lapsed_customers")


@dataclass(frozen=True)
class Promotion:
    """One promotion: whole days in UTC, on a category or on products that it names."""

    plan_id: str
    kind: str
    discount: Decimal
    category: str
    product_ids: frozenset[str]
    channels: tuple[str, ...]
    starts_ms: int
    ends_ms: int

    def covers(self, product: Product, channel: str) -> bool:
        """Whether a product is on this promotion, on that channel."""
        is_named = product.product_id in self.product_ids or product.category == self.category
        return is_named and channel in self.channels

    def reduced(self, product: Product, price: Decimal, quantity: int) -> Decimal:
        """Return the price of each unit of a line, from the price without this promotion."""
        if self.kind == "amount":
            return rounded(product, price - self.discount)
        if self.kind == "bundle" and quantity < _BUNDLE:
            return price
        return rounded(product, price * (100 - self.discount) / 100)

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of ``promotion_planned``."""
        scope = {"product_ids": sorted(self.product_ids)} if self.product_ids else {"category": self.category}
        return {
            "plan_id": self.plan_id,
            "name": self._name,
            "promotion_kind": self.kind,
            "discount": f"{self.discount:f}",
            **({"bundle_quantity": _BUNDLE} if self.kind == "bundle" else {}),
            **scope,
            "channels": list(self.channels),
            "starts_at": time_text(self.starts_ms),
            "ends_at": time_text(self.ends_ms),
        }

    @property
    def _name(self) -> str:
        reduction = f"{self.discount:f}" if self.kind == "amount" else f"{self.discount:f} %"
        condition = f" from {_BUNDLE} units on" if self.kind == "bundle" else ""
        return f"{reduction} off {self.category or 'selected products'}{condition}"


class Promotions:
    """The promotions of one catalogue."""

    def __init__(self, seed: int, catalogue: Catalogue) -> None:
        self._seed = seed
        self._catalogue = catalogue
        self.starting_on = lru_cache(maxsize=64)(self._starting_on)
        self.running_on = lru_cache(maxsize=64)(self._running_on)

    def of(self, product: Product, channel: str, at_ms: int) -> Promotion | None:
        """Return the promotion that holds for a product: of several the one that started last, then by ``plan_id``."""
        for promotion in self.running_on(at_ms // DAY_MS):
            if promotion.covers(product, channel):
                return promotion
        return None

    def plans(self, start_ms: int) -> Iterator[list[Step]]:
        """Yield promotions and campaigns as they are planned, without end: first those planned before the start."""
        day = start_ms // DAY_MS - LONGEST_DAYS
        while True:
            at_ms = max(start_ms, day * DAY_MS - _PLANNED_MS)
            planned = [each for each in self.starting_on(day) if each.ends_ms > start_ms]
            if planned:
                steps = [Step(at_ms, "promotion_planned", promotion.fields) for promotion in planned]
                yield [*steps, *self._campaign(day, at_ms, planned)]
            day += 1

    def _running_on(self, today: int) -> tuple[Promotion, ...]:
        """Return the promotions of a day, those that started last first."""
        days = range(today, today - LONGEST_DAYS, -1)
        return tuple(each for day in days for each in self.starting_on(day) if each.ends_ms > today * DAY_MS)

    def _starting_on(self, day: int) -> tuple[Promotion, ...]:
        rng = random_of(self._seed, f"promotions/{day}")
        return tuple(self._promotion(day, number, rng) for number in range(rng.choice(_STARTING_A_DAY)))

    def _promotion(self, day: int, number: int, rng: Random) -> Promotion:
        [kind] = rng.choices(_KINDS, _WEIGHTS)
        listed = [] if kind == "percent" else self._listed(kind, rng)
        # Without products that are worth it, an amount would be nothing.
        kind = kind if listed else "percent"
        discount = Decimal(rng.choice(_PERCENT))
        if kind == "amount":
            discount = (min(p.list_price for p in listed) * discount / 100).quantize(Decimal("0.1"))
        category = "" if listed else rng.choice(tuple(self._catalogue.by_category))
        return Promotion(
            plan_id=f"promo-{day}-{number}",
            kind=kind,
            discount=discount,
            category=category,
            product_ids=frozenset(product.product_id for product in listed),
            channels=rng.choice(_CHANNELS),
            starts_ms=day * DAY_MS,
            ends_ms=(day + rng.randint(2, LONGEST_DAYS)) * DAY_MS,
        )

    def _listed(self, kind: str, rng: Random) -> list[Product]:
        dear = [p for p in self._catalogue.products if kind == "bundle" or p.list_price >= _WORTH_AN_AMOUNT]
        return rng.sample(dear, min(_LISTED, len(dear)))

    def _campaign(self, day: int, at_ms: int, promotions: list[Promotion]) -> Iterator[Step]:
        rng = random_of(self._seed, f"campaign/{day}")
        if rng.random() < _CAMPAIGN_RATIO:
            yield Step(at_ms, "campaign_planned", _campaign_fields(day, promotions, rng))


def _campaign_fields(day: int, promotions: list[Promotion], rng: Random) -> dict[str, Any]:
    channel, audience = rng.choice(_CAMPAIGN_CHANNELS), rng.choice(_AUDIENCES)
    return {
        "plan_id": f"campaign-{day}",
        "name": f"{channel} to {audience.replace('_', ' ')}",
        "campaign_channel": channel,
        "audience": audience,
        "budget": f"{rng.randint(5, 100) * 100}.00",
        "promotion_ids": [promotion.plan_id for promotion in promotions],
        "starts_at": time_text(day * DAY_MS),
        "ends_at": time_text(max(promotion.ends_ms for promotion in promotions)),
    }
