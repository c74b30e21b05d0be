"""The reader as the model server uses it: a sample of what it reads is kept for the parity watch."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from random import Random
from typing import Protocol

from feature_store.live.last_seen import LastSeen
from feature_store.live.reader import Features, Presence
from feature_store.live.views import PRODUCT_ACTIVITY, product_activity, visitor_views
from feature_store.read_log import EVENT_TIMESTAMP, LoggedRead, ReadLog
from feature_store.request_reader import RequestFeatures
from feature_store.stored_views import CUSTOMER, PRODUCT

_LOG = logging.getLogger(__name__)


class Reader(Protocol):
    """Reads as ``RequestReader`` does."""

    def read(self, visitor_id: str, product_ids: Sequence[str] = (), customer_id: str | None = None) -> RequestFeatures:
        """Return what is known."""
        ...

    def last_seen(self, visitor_id: str) -> LastSeen:
        """Return the products that a visitor saw last."""
        ...


class SampledReader:
    """Logs ``ratio`` of the reads, view by view; a log that cannot be written costs a warning, no read."""

    def __init__(self, reader: Reader, log: ReadLog, ratio: float, random: Random) -> None:
        self._reader = reader
        self._log = log
        self._ratio = ratio
        self._random = random

    def read(self, visitor_id: str, product_ids: Sequence[str] = (), customer_id: str | None = None) -> RequestFeatures:
        """Read as the reader does; raises what it raises."""
        found = self._reader.read(visitor_id, product_ids, customer_id)
        if self._is_sampled():
            self._note([_logged(*each, found) for each in _views(visitor_id, product_ids, customer_id, found)])
        return found

    def last_seen(self, visitor_id: str) -> LastSeen:
        """Read as the reader does; for the sample everything of the visitor is read, and logged, before."""
        if self._is_sampled():
            found = self._reader.read(visitor_id)
            self._note([_logged(*each, found) for each in _views(visitor_id, (), None, found)])
        return self._reader.last_seen(visitor_id)

    def _is_sampled(self) -> bool:
        return self._random.random() < self._ratio

    def _note(self, reads: list[LoggedRead]) -> None:
        try:
            self._log.append(reads)
        except OSError as error:
            _LOG.warning("a sampled read cannot be logged: %s", error)


def _views(
    visitor_id: str, product_ids: Sequence[str], customer_id: str | None, found: RequestFeatures
) -> Iterator[tuple[str, str, Features]]:
    """Yield view, entity and features of everything found."""
    for view, features in visitor_views(found.live).items():
        yield view, visitor_id, features
    for row, product_id in enumerate(product_ids):
        yield PRODUCT_ACTIVITY, product_id, product_activity(found.live, row)
        yield PRODUCT.name, product_id, found.products[row]
    if customer_id and found.customer:
        yield CUSTOMER.name, customer_id, found.customer


def _logged(view: str, entity_id: str, features: Features, found: RequestFeatures) -> LoggedRead:
    """Return what the log keeps of a view: no features where they are missing or expired."""
    at, known = found.live.at, None
    if features.presence is Presence.PRESENT and features.age is not None:
        known = {**features.values, EVENT_TIMESTAMP: at - features.age}
    return LoggedRead(view, entity_id, at, known)
