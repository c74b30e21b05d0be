"""Online features as the model server needs them: in an outage never waited for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Protocol

from contracts.errors import OnlineStoreUnavailableError
from feature_store.request_reader import RequestFeatures

_REST_S = 1.0


class OnlineReader(Protocol):
    """Reads what is known now of a visitor, and of products and a customer."""

    def read(self, visitor_id: str, product_ids: Sequence[str] = (), customer_id: str | None = None) -> RequestFeatures:
        """Return all of it; raises ``OnlineStoreUnavailableError``."""
        ...


class PatientReader:
    """A circuit breaker: after a failed read it refuses for a second without asking, then lets one request ask.

    So an outage costs one request a second its time-out, and not every request.
    """

    def __init__(self, reader: OnlineReader, now_s: Callable[[], float] = monotonic) -> None:
        self._reader = reader
        self._now_s = now_s
        self._reason = ""
        self._resting_until_s = 0.0

    def read(self, visitor_id: str, product_ids: Sequence[str] = (), customer_id: str | None = None) -> RequestFeatures:
        """Read, or raise ``OnlineStoreUnavailableError`` at once where Redis did not answer just now."""
        now_s = self._now_s()
        if now_s < self._resting_until_s:
            raise OnlineStoreUnavailableError(self._reason)
        if self._reason:
            self._resting_until_s = now_s + _REST_S
        try:
            found = self._reader.read(visitor_id, product_ids, customer_id)
        except OnlineStoreUnavailableError as error:
            self._reason = str(error)
            self._resting_until_s = self._now_s() + _REST_S
            raise
        self._reason, self._resting_until_s = "", 0.0
        return found
