"""Online features as the model server needs them: never waited for, at start or in an outage."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from threading import Thread
from time import monotonic
from typing import Any, Protocol

from contracts.errors import OnlineStoreUnavailableError

_LOG = logging.getLogger(__name__)
_REST_S = 1.0


class OnlineReader(Protocol):
    """Reads the latest features by id."""

    def read(self, view: str, ids: Sequence[str]) -> list[dict[str, Any] | None]:
        """Return the features of each id, ``None`` where there are none; raises ``OnlineStoreUnavailableError``."""
        ...


class PatientReader:
    """An ``OnlineReader`` that is built in the background (importing Feast takes seconds).

    After a failed read it refuses for a second without asking, so that an outage costs one request a second its
    time-out, and not every request.
    """

    def __init__(self, build: Callable[[], OnlineReader]) -> None:
        self._build = build
        self._reader: OnlineReader | None = None
        self._reason = "the online store is not connected yet"
        self._resting_until = 0.0

    def start(self) -> None:
        """Begin to build."""
        Thread(target=self._connect, name="online-features", daemon=True).start()

    def read(self, view: str, ids: Sequence[str]) -> list[dict[str, Any] | None]:
        """Read, or raise ``OnlineStoreUnavailableError`` at once where there is nothing to ask."""
        if self._reader is None or monotonic() < self._resting_until:
            raise OnlineStoreUnavailableError(self._reason)
        try:
            return self._reader.read(view, ids)
        except OnlineStoreUnavailableError as error:
            self._reason = str(error)
            self._resting_until = monotonic() + _REST_S
            raise

    def _connect(self) -> None:
        try:
            self._reader = self._build()
        except Exception as error:  # noqa: BLE001 - whatever is wrong, answers come from the fallback
            self._reason = f"the online store cannot be used: {error}"
            _LOG.exception(self._reason)
