"""What became of the messages handed to a Kafka client: counted, bounded, and failures never forgotten."""

from __future__ import annotations

import threading
from datetime import timedelta

from contracts.errors import BrokerUnavailableError

# What a message costs beside its bytes: a Python client keeps several objects for each.
OVERHEAD_BYTES = 1024


class Deliveries:
    """Thread-safe: the sender takes room, the client's thread gives it back with each acknowledgement or failure."""

    def __init__(self, servers: str, capacity_bytes: int) -> None:
        self._servers = servers
        self._capacity = capacity_bytes
        self._in_flight = 0
        self._acknowledged = 0
        self._failed = 0
        self._first_error: object = None
        self._changed = threading.Condition()

    @property
    def acknowledged(self) -> int:
        """Messages acknowledged so far."""
        return self._acknowledged

    def take(self, size: int, timeout: timedelta) -> None:
        """Wait until ``size`` bytes more are allowed in flight; one message alone always is."""
        with self._changed:
            free = self._changed.wait_for(
                lambda: not self._in_flight or self._in_flight + size <= self._capacity, timeout.total_seconds()
            )
            if free:
                self._in_flight += size
        if not free:
            self.raise_failure()
            msg = f"Kafka at {self._servers} acknowledged nothing for {timeout.total_seconds():g} s: the buffer is full"
            raise BrokerUnavailableError(msg)

    def give_back(self, size: int) -> None:
        """Free the room of a message that was never sent."""
        with self._changed:
            self._in_flight -= size
            self._changed.notify_all()

    def succeeded(self, size: int = 0) -> None:
        """Count one acknowledged message and free its room."""
        with self._changed:
            self._acknowledged += 1
            self._in_flight -= size
            self._changed.notify_all()

    def failed(self, error: object, size: int = 0) -> None:
        """Remember that one message is not on the broker, and free its room."""
        with self._changed:
            self._failed += 1
            self._first_error = self._first_error or error
            self._in_flight -= size
            self._changed.notify_all()

    def raise_failure(self) -> None:
        """Raise ``BrokerUnavailableError`` once for all failures since the last call; else return."""
        with self._changed:
            failed, error = self._failed, self._first_error
            self._failed, self._first_error = 0, None
        if failed:
            msg = f"Kafka at {self._servers} did not acknowledge {failed} messages: {error}"
            raise BrokerUnavailableError(msg)
