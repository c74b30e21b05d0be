"""Online features as the model server needs them: in an outage never waited for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Protocol, TypeVar

from contracts.errors import OnlineStoreUnavailableError
from contracts.stages import stage
from feature_store.live.last_seen import LastSeen
from feature_store.request_reader import RequestFeatures
from model_serving.circuit_breaker import CircuitBreaker

_Found = TypeVar("_Found")


class OnlineReader(Protocol):
    """Reads what is known now of a visitor, and of products and a customer."""

    def read(self, visitor_id: str, product_ids: Sequence[str] = (), customer_id: str | None = None) -> RequestFeatures:
        """Return all of it; raises ``OnlineStoreUnavailableError``."""
        ...

    def last_seen(self, visitor_id: str) -> LastSeen:
        """Return the products that a visitor saw last; raises ``OnlineStoreUnavailableError``."""
        ...


class PatientReader:
    """Refuses without asking while its circuit breaker is open."""

    def __init__(self, reader: OnlineReader, now_s: Callable[[], float] = monotonic) -> None:
        self._reader = reader
        self._breaker = CircuitBreaker(now_s)
        self._reason = ""

    def read(self, visitor_id: str, product_ids: Sequence[str] = (), customer_id: str | None = None) -> RequestFeatures:
        """Read, or raise ``OnlineStoreUnavailableError`` at once where Redis did not answer just now."""
        return self._asked(lambda: self._reader.read(visitor_id, product_ids, customer_id))

    def last_seen(self, visitor_id: str) -> LastSeen:
        """Read, or raise as ``read`` does."""
        return self._asked(lambda: self._reader.last_seen(visitor_id))

    def _asked(self, ask: Callable[[], _Found]) -> _Found:
        if not self._breaker.admit():
            raise OnlineStoreUnavailableError(self._reason)
        try:
            with stage("features"):
                found = ask()
        except OnlineStoreUnavailableError as error:
            self._reason = str(error)
            self._breaker.fail()
            raise
        self._breaker.succeed()
        return found
