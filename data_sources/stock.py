"""Stock in every store and in the warehouse of the web shop: it runs out, and it is delivered again.

Two counts a product and place. ``free`` falls when somebody decides to buy, as a whole session is made when it begins;
``on_hand`` falls when the sale happens, and is what is reported. So ``free`` ≤ ``on_hand``, and neither falls below 0.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from random import Random
from typing import Any, NamedTuple

from data_sources.catalogue import Product
from data_sources.steps import Step
from data_sources.times import HOUR_MS

WAREHOUSE = "w-01"
COVER_DAYS = 10  # of expected sales, at the fullest
LEAD_HOURS = (12, 60)
_FEWEST = 8  # units, at the fullest
_MOST = 900_000_000  # units: what the contract's quantities can hold
# A delivery is ordered when less than this part of the fullest is left.
_ORDERED_BELOW = 0.4
_RAN_OUT = 1.5  # a factor on the fullest where nothing was left when the delivery came
_MOVES = {"order_placed": "sold", "pos_transaction_completed": "sold", "pos_return_completed": "returned"}


@dataclass(slots=True)
class _Level:
    on_hand: int
    free: int
    full: int
    is_ordered: bool = False


class _Place(NamedTuple):
    """One product at one store or warehouse."""

    location_id: str
    product_id: str


class Stock:
    """All stock of one run.

    ``units_per_day`` is what each place expects to sell, ``shares`` what part of it is each product.
    """

    def __init__(self, units_per_day: Mapping[str, float], shares: Mapping[str, float], rng: Random) -> None:
        self._units_per_day, self._shares, self._rng = units_per_day, shares, rng
        self._levels: dict[_Place, _Level] = {}
        self._deliveries: list[tuple[int, _Place]] = []
        self._unreported: dict[_Place, str] = {}
        self.refused_units = 0

    def take(self, location_id: str, product: Product, wanted: int) -> int:
        """Set aside what somebody will buy, and return how much there was of it."""
        level = self._level(_Place(location_id, product.product_id))
        taken = min(wanted, level.free)
        level.free -= taken
        self.refused_units += wanted - taken
        return taken

    def put_back(self, location_id: str, product: Product, quantity: int) -> None:
        """Free what was set aside and is not bought after all."""
        self._level(_Place(location_id, product.product_id)).free += quantity

    def follow(self, trade: Iterable[Step], report_times: Iterator[int]) -> Iterator[Step]:
        """Yield the trade, and in between what happens to the stock.

        A delivery and the last unit's sale are reported at once, other changes in turn at the ``report_times``.
        """
        report_ms = next(report_times)
        for step in trade:
            while report_ms <= step.at_ms:
                yield from self._delivered(report_ms)
                yield self._report(report_ms)
                report_ms = next(report_times)
            yield from self._delivered(step.at_ms)
            yield step
            if step.event_type in _MOVES:
                yield from self._moved(step)

    def _delivered(self, until_ms: int) -> Iterator[Step]:
        while self._deliveries and self._deliveries[0][0] <= until_ms:
            at_ms, place = heapq.heappop(self._deliveries)
            level = self._levels[place]
            if level.on_hand == 0:
                level.full = min(_MOST, ceil(_RAN_OUT * level.full))
            received = max(0, level.full - level.on_hand)
            level.on_hand, level.free, level.is_ordered = level.on_hand + received, level.free + received, False
            yield self._changed(at_ms, place, "received")

    def _moved(self, step: Step) -> Iterator[Step]:
        """Book the lines of an order, a sale or a return."""
        reason, location_id = _MOVES[step.event_type], step.fields.get("store_id", WAREHOUSE)
        for line in step.fields["lines"]:
            place = _Place(location_id, line["product_id"])
            level = self._level(place)
            if reason == "returned":
                level.on_hand += line["quantity"]
                level.free += line["quantity"]
            else:
                level.on_hand -= line["quantity"]
                self._order_if_low(step.at_ms, place, level)
            self._unreported[place] = reason
            if level.on_hand == 0:
                yield self._changed(step.at_ms, place, reason)

    def _order_if_low(self, at_ms: int, place: _Place, level: _Level) -> None:
        if not level.is_ordered and level.on_hand < _ORDERED_BELOW * level.full:
            level.is_ordered = True
            heapq.heappush(self._deliveries, (at_ms + self._rng.randint(*LEAD_HOURS) * HOUR_MS, place))

    def _report(self, at_ms: int) -> Step:
        """Report the change that waits longest, else count something."""
        if self._unreported:
            place = next(iter(self._unreported))
            return self._changed(at_ms, place, self._unreported[place])
        location_id = self._rng.choice(tuple(self._units_per_day))
        place = _Place(location_id, self._rng.choice(tuple(self._shares)))
        return self._changed(at_ms, place, "counted")

    def _changed(self, at_ms: int, place: _Place, reason: str) -> Step:
        self._unreported.pop(place, None)
        fields: dict[str, Any] = {
            **place._asdict(),
            "location_kind": "warehouse" if place.location_id == WAREHOUSE else "store",
            "quantity_on_hand": self._level(place).on_hand,
            "change_reason": reason,
        }
        return Step(at_ms, "stock_level_changed", fields)

    def _level(self, place: _Place) -> _Level:
        """Return a level; at the first time it lies anywhere above where deliveries are ordered."""
        level = self._levels.get(place)
        if level is None:
            sold = self._units_per_day[place.location_id] * self._shares[place.product_id]
            full = max(_FEWEST, min(_MOST, ceil(sold * COVER_DAYS)))
            on_hand = self._rng.randint(ceil(_ORDERED_BELOW * full), full)
            level = self._levels[place] = _Level(on_hand, on_hand, full)
        return level
