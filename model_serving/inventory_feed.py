"""Follows what the shop says of its products, in the background: from the first message that the broker still has."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from threading import Event as Flag
from threading import Thread
from typing import Protocol

from contracts import Rejection, parse_event
from contracts.topics import INVENTORY
from model_serving.listing import Listing

_LOG = logging.getLogger(__name__)
_AT_ONCE = 1_000
_REST_S = 5.0


class InventorySource(Protocol):
    """The messages of the topic, each once."""

    def read(self, most: int) -> Sequence[bytes]:
        """Return the next ones, at most so many; fewer where no more came in a moment."""
        ...

    def close(self) -> None:
        """Free the connections."""
        ...


class InventoryFeed:
    """Hands every valid event to a listing, and calls ``caught_up`` after each read that left nothing waiting."""

    def __init__(
        self, build_source: Callable[[], InventorySource], listing: Listing, caught_up: Callable[[], None]
    ) -> None:
        self._build_source = build_source
        self._listing = listing
        self._caught_up = caught_up
        self._stopping = Flag()
        self._thread = Thread(target=self._run, name="inventory", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Let go of the topic."""
        self._stopping.set()
        self._thread.join(timeout=_REST_S)

    def _run(self) -> None:
        source = self._build_source()
        while not self._stopping.is_set():
            try:
                self._follow(source)
            except Exception:  # noqa: BLE001 - whatever it is, newcomers must not cost the rest of the answers
                _LOG.exception("what the shop says of its products was not taken over")
                self._stopping.wait(_REST_S)
        source.close()

    def _follow(self, source: InventorySource) -> None:
        messages = source.read(_AT_ONCE)
        for message in messages:
            event = parse_event(message, INVENTORY.name)
            if not isinstance(event, Rejection):
                self._listing.take(event)
        if len(messages) < _AT_ONCE:
            self._caught_up()
