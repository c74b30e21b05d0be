"""Ports: what a stage needs from the outside, as Protocols. Adapters live in the package that owns the tool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True)
class Message:
    """One message for the bus: raw bytes, its partition key, and headers such as ``producer``."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Sequence[tuple[str, bytes]] = field(default=())


class EventBus(Protocol):
    """Publishes messages; bounded in memory, acknowledged by all replicas.

    ``publish`` may block while the buffer is full. Both calls raise ``BrokerUnavailableError``
    when the broker does not acknowledge in time; what ``acknowledged`` counts is safe.
    """

    @property
    def acknowledged(self) -> int:
        """Messages that the broker has acknowledged so far."""
        ...

    def publish(self, message: Message) -> None:
        """Hand one message over for sending."""
        ...

    def flush(self, timeout: timedelta) -> None:
        """Wait until everything published is acknowledged."""
        ...

    def close(self) -> None:
        """Flush what is left and free the client."""
        ...
