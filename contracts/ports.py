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


class AcknowledgedBus(Protocol):
    """Publishes for callers on an event loop, each of whom is told when the broker has their messages.

    Bounded in memory: where the buffer is full it refuses at once instead of waiting.
    """

    def start(self) -> None:
        """Begin to connect; returns at once, whether or not a broker is there."""
        ...

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return once all replicas have every message, of which there is at least one.

        Raises ``BrokerUnavailableError``: each of the messages may then be on the broker, or come to be, or not.
        """
        ...

    def require_ready(self) -> None:
        """Raise ``BrokerUnavailableError`` unless a broker with all topics answers; blocks for 2 s at most."""
        ...

    def close(self) -> None:
        """Wait for what is on its way, and free the client."""
        ...
