"""What the event buses on a Kafka client have in common."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from datetime import timedelta
from typing import Generic, TypeVar

from contracts.errors import PermanentError
from contracts.ports import Message
from ingestion.deliveries import Deliveries
from ingestion.probe import require_broker
from ingestion.topics import MAX_MESSAGE_BYTES

# Long enough for a broker that is killed and comes back.
DELIVERY_TIMEOUT = timedelta(seconds=120)
CLOSE_WITHIN = timedelta(seconds=10)

Producer = TypeVar("Producer")


class ProducerBus(ABC, Generic[Producer]):
    """Connects at the first message, once, and counts what became of each."""

    def __init__(self, servers: str, delivery_timeout: timedelta, buffer_bytes: int) -> None:
        self._servers = servers
        self._delivery_timeout = delivery_timeout
        self._deliveries = Deliveries(servers, buffer_bytes)
        self._producer: Producer | None = None
        self._connecting = threading.Lock()

    @property
    def acknowledged(self) -> int:
        """Messages that the broker has acknowledged so far."""
        return self._deliveries.acknowledged

    @abstractmethod
    def _connect(self) -> Producer:
        """Return a client of the brokers, one of which answers; raises ``BrokerUnavailableError``."""

    def _connected(self) -> Producer:
        with self._connecting:
            if self._producer is None:
                require_broker(self._servers)
                self._producer = self._connect()
            return self._producer


def too_large(message: Message) -> PermanentError:
    """Return the error for a message beyond what a topic allows."""
    return PermanentError(
        f"a message of {len(message.value)} bytes for topic {message.topic}: expected at most {MAX_MESSAGE_BYTES}"
    )


def milliseconds(duration: timedelta) -> int:
    """Return a duration as both clients want it."""
    return duration // timedelta(milliseconds=1)
