"""What one event changes: the formulas of the live counters, for an event as it comes from Kafka.

Visitors: activity (what the shop shows by itself is none), product views, carts' additions, orders and revenue (the
sum of quantity × unit price of an order's lines). Products: the same without revenue, orders by distinct product, and
units. Bots count: that a visitor is one shows afterwards only. ``feature_store.live.offline`` says the same in SQL.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

from contracts import Event
from feature_store.live.cells import MONEY_UNIT, PRODUCT_MEASURES, VISITOR_MEASURES
from feature_store.live.life import Activity, latest_products

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MONEY_PLACES = 4
_EVENTS, _VIEWS, _CART_ADDS, _ORDERS, _REVENUE = range(len(VISITOR_MEASURES))
_PRODUCT_VIEWS, _PRODUCT_CART_ADDS, _PRODUCT_ORDERS, _PRODUCT_UNITS = range(len(PRODUCT_MEASURES))
_SIMPLE = {"product_viewed": (_VIEWS, _PRODUCT_VIEWS), "product_added_to_cart": (_CART_ADDS, _PRODUCT_CART_ADDS)}


class Effects(NamedTuple):
    """Amounts by measure, of the event's visitor and (product, measure), at its second; ``event`` is its id's hash."""

    visitor_id: str
    event: int
    second: int
    visitor: dict[int, float]
    products: dict[tuple[str, int], float]
    activity: Activity


def effects_of(event: Event) -> Effects | None:
    """Return what an event of the clickstream changes; None where it is no activity of the visitor."""
    kind = event["event_type"]
    if kind == "recommendations_shown":
        return None
    at_us = (datetime.fromisoformat(event["occurred_at"]) - _EPOCH) // _MICROSECOND
    visitor: dict[int, float] = {_EVENTS: 1}
    products: dict[tuple[str, int], float] = {}
    if kind in _SIMPLE:
        of_visitor, of_product = _SIMPLE[kind]
        visitor[of_visitor] = 1
        products[event["product_id"], of_product] = 1
    elif kind == "order_placed":
        lines = event["lines"]
        visitor[_ORDERS] = 1
        visitor[_REVENUE] = _amount(lines)
        products = _ordered(lines)
    second, event_id = at_us // 1_000_000, event["event_id"]
    return Effects(event["visitor_id"], _hash(event_id), second, visitor, products, _activity(event, at_us))


def _ordered(lines: list[dict[str, Any]]) -> dict[tuple[str, int], float]:
    amounts = {(line["product_id"], _PRODUCT_ORDERS): 1.0 for line in lines}
    for line in lines:
        units = line["product_id"], _PRODUCT_UNITS
        amounts[units] = amounts.get(units, 0) + int(line["quantity"])
    return amounts


def _amount(lines: list[dict[str, Any]]) -> float:
    """Return quantity × unit price in ten-thousandths; a float, for the greatest is beyond 64 bits."""
    return float(sum(int(line["quantity"]) * _units_of_money(line["unit_price"]) for line in lines))


def _activity(event: Event, at_us: int) -> Activity:
    price, lines = event.get("unit_price"), event.get("lines", [])
    return Activity(
        at_us,
        event["event_id"],
        event["event_type"],
        event.get("customer_id"),
        event.get("product_id"),
        None if price is None else _units_of_money(price),
        int(event.get("quantity", 0)),
        latest_products(line["product_id"] for line in reversed(lines)),
        _amount(lines),
    )


def _units_of_money(text: str) -> int:
    whole, _, places = text.partition(".")
    return int(whole) * MONEY_UNIT + int(places.ljust(_MONEY_PLACES, "0"))


def _hash(text: str) -> int:
    """Return 64 bits that are never 0."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little") or 1
