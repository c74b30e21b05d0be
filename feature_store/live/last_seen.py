"""What a visitor looked at last: all that a list of recommendations is made from, for a fraction of a whole read."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple

from feature_store.live.life import latest_products, products_of
from feature_store.live.session_log import decode, split


class LastSeen(NamedTuple):
    """The products of a visitor's ``last_session``, which may be over, and of ``all_sessions``.

    Each the last 20 distinct ones, latest first. ``age`` since the last event, None where there never was one.
    """

    last_session: list[str]
    all_sessions: list[str]
    age: timedelta | None


NOTHING_SEEN = LastSeen([], [], None)


def last_seen_of(log: bytes, now: datetime) -> LastSeen:
    """Return what a visitor's log says at a moment."""
    before, events = decode(log)
    if not events:
        return NOTHING_SEEN
    all_sessions = latest_products(chain(products_of(events), before.products))
    age = now - events[-1].at
    return LastSeen(products_of(split(events)[-1]), all_sessions, age)
