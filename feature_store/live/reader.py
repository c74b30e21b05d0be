"""Live features read from Redis: one round trip for a visitor, the visitor's session and any number of products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from redis import Redis

from contracts import Clock
from feature_store.live.cells import MONEY_UNIT, PRODUCT_CELL, PRODUCT_MEASURES, VISITOR_CELL, VISITOR_MEASURES
from feature_store.live.keys import VALUES_PER_ENTITY, Kind, live_keys
from feature_store.live.last_seen import LastSeen, last_seen_of
from feature_store.live.session import running_session
from feature_store.live.session_log import SESSION_GAP_US, decode
from feature_store.live.visitor import visitor_so_far
from feature_store.live.window_totals import NEVER, window_totals
from feature_store.live.windows import LONGEST, WINDOWS
from feature_store.online_errors import naming_the_store

VISITOR_FEATURES = tuple(f"{measure}_{window.name}" for window in WINDOWS for measure in VISITOR_MEASURES)
PRODUCT_FEATURES = tuple(f"{measure}_{window.name}" for window in WINDOWS for measure in PRODUCT_MEASURES)

_VISITOR_UNITS = np.array([MONEY_UNIT if measure == "revenue" else 1 for measure in VISITOR_MEASURES])
_SESSION_TTL = timedelta(microseconds=SESSION_GAP_US)
_COUNTS_TTL = timedelta(seconds=LONGEST.span_s)


class Presence(StrEnum):
    """What a value is: read, never there, there but older than its TTL, or what the caller gave for such a case."""

    PRESENT = "present"
    MISSING = "missing"
    EXPIRED = "expired"
    DEFAULT = "default"


@dataclass(frozen=True)
class Features:
    """Features of one entity by name, None where they are missing or expired; ``age`` since the last event counted."""

    values: dict[str, Any]
    presence: Presence
    age: timedelta | None


@dataclass(frozen=True)
class ProductFeatures:
    """Features of products, one row each: product × ``PRODUCT_FEATURES``, nan where missing or expired.

    ``age_s`` is nan for a product of which nothing was ever counted.
    """

    values: NDArray[np.float64]
    presence: list[Presence]
    age_s: NDArray[np.float64]

    def age(self, row: int) -> timedelta | None:
        """Return how long ago the last event of a product was counted; None where none ever was."""
        age_s = float(self.age_s[row])
        return None if np.isnan(age_s) else timedelta(seconds=age_s)


@dataclass(frozen=True)
class Answer:
    """One read, all of it as of the moment ``at``.

    ``visitor`` has counters over windows, ``life`` what the visitor has done so far, which does not expire.
    """

    at: datetime
    visitor: Features
    life: Features
    session: Features
    products: ProductFeatures


class LiveFeatures:
    """Reads what ``aisle features live`` writes. Safe to share between threads."""

    def __init__(self, client: Redis, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def read(self, visitor_id: str, product_ids: Sequence[str] = (), default: float | None = None) -> Answer:
        """Return everything known of a visitor and of products, now.

        Counters whose last event is over 30 days old are expired, and a session after 30 minutes without an event.
        ``default`` takes the place of missing and expired counters. Raises ``OnlineStoreUnavailableError``.
        """
        return answer_of(visitor_id, self._fetch(keys_of(visitor_id, product_ids)), self._clock.now(), default)

    def read_each(self, visitor_ids: Sequence[str]) -> list[Answer]:
        """Return what is known of each visitor, without products; raises ``OnlineStoreUnavailableError``."""
        keys = [keys_of(visitor_id, ()) for visitor_id in visitor_ids]
        values, now = iter(self._fetch(list(chain.from_iterable(keys)))), self._clock.now()
        return [
            answer_of(visitor_id, list(islice(values, len(own))), now, None)
            for visitor_id, own in zip(visitor_ids, keys, strict=True)
        ]

    def last_session(self, visitor_id: str) -> dict[str, Any] | None:
        """Return the features of a visitor's last session, also one that is over; raises as ``read`` does."""
        before, events = decode(self._log(visitor_id))
        return running_session(visitor_id, before, events) if events else None

    def last_seen(self, visitor_id: str) -> LastSeen:
        """Return the products that a visitor saw last; raises as ``read`` does."""
        return last_seen_of(self._log(visitor_id), self._clock.now())

    def _log(self, visitor_id: str) -> bytes:
        return _joined(self._fetch(live_keys(Kind.SESSION, visitor_id)))

    def _fetch(self, keys: Sequence[str]) -> list[bytes | None]:
        if not keys:
            return []
        with naming_the_store():
            return self._client.mget(keys)  # type: ignore[return-value]


def keys_of(visitor_id: str, product_ids: Sequence[str]) -> list[str]:
    """Return the keys of all that ``answer_of`` is made of."""
    products = [key for product_id in product_ids for key in live_keys(Kind.PRODUCT, product_id)]
    return [*live_keys(Kind.VISITOR, visitor_id), *live_keys(Kind.SESSION, visitor_id), *products]


def answer_of(visitor_id: str, values: Sequence[bytes | None], now: datetime, default: float | None) -> Answer:
    """Return what the values of ``keys_of`` say at a moment; arguments as for ``LiveFeatures.read``."""
    session, products = VALUES_PER_ENTITY, 2 * VALUES_PER_ENTITY
    log = _joined(values[session:products])
    return Answer(
        now,
        _visitor(_joined(values[:session]), now, default),
        *_of_log(visitor_id, log, now),
        _products(values[products:], len(values[products:]) // VALUES_PER_ENTITY, now, default),
    )


def _joined(values: Sequence[bytes | None]) -> bytes:
    return b"".join(value for value in values if value)


def _visitor(value: bytes, now: datetime, default: float | None) -> Features:
    cells = np.frombuffer(value, VISITOR_CELL)
    totals, [last] = window_totals(cells, np.array([len(cells)]), len(VISITOR_MEASURES), int(now.timestamp()))
    if last == NEVER:
        return _without(VISITOR_FEATURES, Presence.MISSING, None, default)
    age = now - datetime.fromtimestamp(int(last), UTC)
    if age > _COUNTS_TTL:
        return _without(VISITOR_FEATURES, Presence.EXPIRED, age, default)
    values = (totals / _VISITOR_UNITS).ravel().tolist()
    return Features(dict(zip(VISITOR_FEATURES, values, strict=True)), Presence.PRESENT, age)


def _without(names: Sequence[str], why: Presence, age: timedelta | None, default: float | None) -> Features:
    return Features(dict.fromkeys(names, default), why if default is None else Presence.DEFAULT, age)


def _of_log(visitor_id: str, log: bytes, now: datetime) -> tuple[Features, Features]:
    """Return the visitor's life, and the session that runs."""
    before, events = decode(log)
    if not events:
        return Features({}, Presence.MISSING, None), Features({}, Presence.MISSING, None)
    age = now - events[-1].at
    life = Features(visitor_so_far(visitor_id, before, events), Presence.PRESENT, age)
    if age > _SESSION_TTL:
        return life, Features({}, Presence.EXPIRED, age)
    return life, Features(running_session(visitor_id, before, events), Presence.PRESENT, age)


def _products(values: Sequence[bytes | None], products: int, now: datetime, default: float | None) -> ProductFeatures:
    there = [value or b"" for value in values]
    sizes = np.fromiter(map(len, there), np.int64, len(there)).reshape(products, VALUES_PER_ENTITY)
    cells, cells_of_each = np.frombuffer(b"".join(there), PRODUCT_CELL), sizes.sum(axis=1) // PRODUCT_CELL.itemsize
    totals, last = window_totals(cells, cells_of_each, len(PRODUCT_MEASURES), int(now.timestamp()))
    sums = totals.reshape(products, len(PRODUCT_FEATURES))
    age_s = np.where(last == NEVER, np.nan, now.timestamp() - last)
    is_absent = ~(age_s <= LONGEST.span_s)
    sums[is_absent] = np.nan if default is None else default
    return ProductFeatures(sums, [_presence(age, default) for age in age_s.tolist()], age_s)


def _presence(age_s: float, default: float | None) -> Presence:
    if age_s <= LONGEST.span_s:
        return Presence.PRESENT
    if default is not None:
        return Presence.DEFAULT
    return Presence.EXPIRED if age_s > 0 else Presence.MISSING
