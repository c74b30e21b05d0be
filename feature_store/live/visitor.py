"""The features of a visitor's life so far, from a visitor's log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from feature_store.live.life import Activity, Life, added, life_of
from feature_store.live.session import session_id
from feature_store.live.session_log import split

_SECOND_US = 1_000_000


def visitor_so_far(visitor_id: str, before: Life, events: Sequence[Activity]) -> dict[str, Any]:
    """Return the features of ``visitor_features`` as of the last event.

    ``events`` are in order of time and event id, at least one.
    """
    sessions = split(events)
    life = added(before, life_of(sessions))
    return {
        "customer_id": life.customer_id,
        "session_id": session_id(visitor_id, sessions[-1]),
        "session_count": life.sessions,
        "event_count": life.events,
        "product_view_count": life.product_views,
        "cart_add_count": life.cart_adds,
        "order_count": life.orders,
        "revenue": life.revenue_cents / 100,
        "first_seen_at": datetime.fromtimestamp(life.first_us // _SECOND_US, UTC),
        "recent_product_ids": list(life.products),
    }
