"""What a visitor has done so far, as a sum over sessions that can be added to.

The second spelling of ``feature_store.visitor_features``; a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import NamedTuple

_RECENT_PRODUCTS = 20
_SHOWS_ITS_PRODUCT = ("product_viewed", "product_added_to_cart", "recommendation_clicked")
_A_CENT = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Before and after every event, in microseconds.
_FIRST, _LAST = -(10**18), 10**18


class Activity(NamedTuple):
    """One event of a visitor. ``price`` and an order's ``amount`` in ten-thousandths.

    ``ordered`` are the last 20 distinct products of an order's lines, latest first.
    """

    at_us: int
    event_id: str
    kind: str
    customer_id: str | None = None
    product: str | None = None
    price: int | None = None
    quantity: int = 0
    ordered: Sequence[str] = ()
    amount: float = 0

    @property
    def at(self) -> datetime:
        """When it happened."""
        return _EPOCH + timedelta(microseconds=self.at_us)


class Life(NamedTuple):
    """The sum of some sessions, the last event of which was at ``last_us``; revenue is rounded a session.

    ``products`` are the last 20 distinct ones that were shown or ordered, latest first.
    """

    last_us: int = _FIRST
    first_us: int = _LAST
    sessions: int = 0
    events: int = 0
    product_views: int = 0
    cart_adds: int = 0
    orders: int = 0
    revenue_cents: float = 0
    customer_id: str | None = None
    products: Sequence[str] = ()


def life_of(sessions: Sequence[Sequence[Activity]]) -> Life:
    """Return the sum of sessions, given in order."""
    events = list(chain.from_iterable(sessions))
    if not events:
        return Life()
    kinds = [event.kind for event in events]
    return Life(
        last_us=events[-1].at_us,
        first_us=events[0].at_us,
        sessions=len(sessions),
        events=len(events),
        product_views=kinds.count("product_viewed"),
        cart_adds=kinds.count("product_added_to_cart"),
        orders=kinds.count("order_placed"),
        revenue_cents=sum(_cents(sum(event.amount for event in session)) for session in sessions),
        customer_id=next((event.customer_id for event in reversed(events) if event.customer_id), None),
        products=products_of(events),
    )


def added(one: Life, later: Life) -> Life:
    """Return the sum of two lives of one visitor, the second after the first."""
    return Life(
        last_us=max(one.last_us, later.last_us),
        first_us=min(one.first_us, later.first_us),
        sessions=one.sessions + later.sessions,
        events=one.events + later.events,
        product_views=one.product_views + later.product_views,
        cart_adds=one.cart_adds + later.cart_adds,
        orders=one.orders + later.orders,
        revenue_cents=one.revenue_cents + later.revenue_cents,
        customer_id=later.customer_id or one.customer_id,
        products=latest_products(chain(later.products, one.products)),
    )


def products_of(events: Sequence[Activity]) -> list[str]:
    """Return the last 20 distinct products that events, in order, showed or ordered, latest first."""
    return latest_products(product for event in reversed(events) for product in _shown(event))


def _shown(event: Activity) -> Sequence[str]:
    """Return the products that ``silver.sessions`` lists of an event."""
    if event.product is not None and event.kind in _SHOWS_ITS_PRODUCT:
        return [event.product]
    return event.ordered


def latest_products(latest_first: Iterable[str]) -> list[str]:
    """Return the first 20 distinct ones."""
    return list(dict.fromkeys(latest_first))[:_RECENT_PRODUCTS]


def _cents(amount: float) -> float:
    """Round ten-thousandths half up, as ``silver.sessions`` rounds its revenue."""
    return (amount + _A_CENT // 2) // _A_CENT
