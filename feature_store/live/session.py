"""The features of the session that runs, from a visitor's last events.

The second spelling of ``feature_store.session_features``, for one visitor at the moment of reading; a property test
holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from feature_store.live.cells import MONEY_UNIT
from feature_store.live.life import Activity, Life
from feature_store.live.session_log import split

_CART_CHANGE = {"product_added_to_cart": 1, "product_removed_from_cart": -1}
_COUNTED = {
    "page_view_count": "page_viewed",
    "product_view_count": "product_viewed",
    "search_count": "search_performed",
    "cart_add_count": "product_added_to_cart",
    "cart_remove_count": "product_removed_from_cart",
    "checkout_count": "checkout_started",
}


def running_session(visitor_id: str, before: Life, events: Sequence[Activity]) -> dict[str, Any]:
    """Return ``session_id`` and the features of the last session, as of its last event.

    ``events`` are in order of time and event id, at least one.
    """
    *earlier, running = split(events)
    kinds = [event.kind for event in running]
    last_at = running[-1].at
    seen = {event.product for event in running if event.product is not None}
    is_known = bool(before.customer_id) or any(event.customer_id for event in events)
    prior_orders = sum(event.kind == "order_placed" for run in earlier for event in run)
    return {
        "session_id": session_id(visitor_id, running),
        "event_count": len(running),
        **{name: kinds.count(kind) for name, kind in _COUNTED.items()},
        "distinct_product_count": len(seen),
        "cart_value": _cart_value(running),
        **_viewed_prices(running),
        "duration_s": (running[-1].at_us - running[0].at_us) / 1e6,
        "since_last_event_s": (running[-1].at_us - running[-2].at_us) / 1e6 if len(running) > 1 else 0.0,
        "hour_of_day": last_at.hour,
        "day_of_week": last_at.isoweekday(),
        "is_known_customer": int(is_known),
        "prior_session_count": before.sessions + len(earlier),
        "prior_order_count": before.orders + prior_orders,
    }


def session_id(visitor_id: str, session: Sequence[Activity]) -> str:
    """Return the id that ``silver.sessions`` gives a session."""
    return sha256(f"{visitor_id}|{session[0].event_id}".encode()).hexdigest()


def _cart_value(running: Sequence[Activity]) -> float:
    """Return what is in the cart; an event without a price takes the cart's last price of its product, else 0."""
    price_of: dict[str | None, int] = {}
    value = 0
    for event in running:
        if event.kind == "product_added_to_cart" and event.price is not None:
            price_of[event.product] = event.price
        price = price_of.get(event.product, 0) if event.price is None else event.price
        value += _CART_CHANGE.get(event.kind, 0) * event.quantity * price
    return max(value, 0) / MONEY_UNIT


def _viewed_prices(running: Sequence[Activity]) -> dict[str, float | None]:
    prices = [event.price for event in running if event.kind == "product_viewed" and event.price is not None]
    if not prices:
        return {"mean_viewed_price": None, "max_viewed_price": None}
    return {
        "mean_viewed_price": sum(prices) / MONEY_UNIT / len(prices),
        "max_viewed_price": max(prices) / MONEY_UNIT,
    }
