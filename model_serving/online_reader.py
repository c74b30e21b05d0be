"""Online features as the model server needs them: in an outage never waited for."""

from __future__ import annotations

from collections.abc import Sequence
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
    """After a failed read it refuses for a second without asking.

    So an outage costs one request a second its time-out, and not every request.
    """

    def __init__(self, reader: OnlineReader) -> None:
        self._reader = reader
        self._reason = ""
        self._resting_until = 0.0

    def read(self, visitor_id: str, product_ids: Sequence[str] = (), customer_id: str | None = None) -> RequestFeatures:
        """Read, or raise ``OnlineStoreUnavailableError`` at once where Redis did not answer just now."""
        if monotonic() < self._resting_until:
            raise OnlineStoreUnavailableError(self._reason)
        try:
            return self._reader.read(visitor_id, product_ids, customer_id)
        except OnlineStoreUnavailableError as error:
            self._reason = str(error)
            self._resting_until = monotonic() + _REST_S
            raise
