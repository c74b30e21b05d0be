"""The acknowledged bus on confluent-kafka: a thread carries librdkafka's acknowledgements to the event loop.

confluent-kafka's own ``AIOProducer`` has no headers, and Aisle's messages name their producer in one.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from datetime import timedelta

from confluent_kafka import KafkaError, KafkaException, Producer

from contracts.errors import BrokerUnavailableError
from contracts.ports import Message
from contracts.topics import TOPICS
from ingestion.confluent_bus import producer_config

_log = logging.getLogger(__name__)
# A local broker that is killed is back in about 5 s.
_ACKNOWLEDGED_WITHIN = timedelta(seconds=10)
_READY_WITHIN_S = 2.0
_LINGER_MS = 5
_POLL_S = 0.1


class ConfluentAcknowledgedBus:
    """An ``AcknowledgedBus``: acks=all, idempotent, lz4; at most 64 MiB and 100,000 messages on their way."""

    def __init__(self, servers: str, acknowledged_within: timedelta = _ACKNOWLEDGED_WITHIN) -> None:
        self._servers = servers
        self._within = acknowledged_within
        self._stopping = threading.Event()
        self._poller = threading.Thread(target=self._poll, name="acknowledgements", daemon=True)

    def start(self) -> None:
        """Begin to connect; returns at once, whether or not a broker is there."""
        config = producer_config(self._servers, self._within) | {"linger.ms": _LINGER_MS}
        self._producer = Producer(config, logger=_log)
        self._poller.start()

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return once all replicas have every message, of which there is at least one.

        Raises ``BrokerUnavailableError``, at once where the buffer is full: each of the messages may then be on the
        broker, or come to be, or not.
        """
        receipt = _Receipt(len(messages), asyncio.get_running_loop())
        for message in messages:
            self._hand_over(message, receipt)
        if failure := await receipt.failure:
            msg = f"Kafka at {self._servers} did not acknowledge within {self._within.total_seconds():g} s: {failure}"
            raise BrokerUnavailableError(msg)

    def require_ready(self) -> None:
        """Raise ``BrokerUnavailableError`` unless a broker with all topics answers; blocks for 2 s at most."""
        try:
            present = self._producer.list_topics(timeout=_READY_WITHIN_S).topics
        except KafkaException as error:
            msg = f"no Kafka broker answers at {self._servers}: {error.args[0].str()}"
            raise BrokerUnavailableError(msg) from error
        missing = [topic.name for topic in TOPICS if topic.name not in present]
        if missing:
            msg = f"Kafka at {self._servers} has no topic {', '.join(missing)}: run `aisle topics create`"
            raise BrokerUnavailableError(msg)

    def close(self) -> None:
        """Wait for what is on its way, and free the client."""
        self._stopping.set()
        self._poller.join()
        left = self._producer.flush(self._within.total_seconds())
        if left:
            _log.warning("Kafka at %s did not acknowledge the last %d messages", self._servers, left)

    def _hand_over(self, message: Message, receipt: _Receipt) -> None:
        try:
            self._producer.produce(
                message.topic, message.value, message.key, headers=list(message.headers), on_delivery=receipt.sign
            )
        except BufferError as error:
            msg = f"Kafka at {self._servers} does not keep up: the buffer is full"
            raise BrokerUnavailableError(msg) from error
        except KafkaException as error:
            msg = f"Kafka at {self._servers} does not take messages for topic {message.topic}: {error.args[0].str()}"
            raise BrokerUnavailableError(msg) from error

    def _poll(self) -> None:
        while not self._stopping.is_set():
            self._producer.poll(_POLL_S)


class _Receipt:
    """Signed once a message, always by one thread; after the last, ``failure`` is set: empty where all is well."""

    def __init__(self, messages: int, loop: asyncio.AbstractEventLoop) -> None:
        self.failure: asyncio.Future[str] = loop.create_future()
        self._loop = loop
        self._left = messages
        self._first_error = ""

    def sign(self, error: KafkaError | None, _message: object) -> None:
        """Note what became of one message."""
        self._left -= 1
        if error is not None:
            self._first_error = self._first_error or error.str()
        if not self._left:
            self._loop.call_soon_threadsafe(self._finish)

    def _finish(self) -> None:
        if not self.failure.done():
            self.failure.set_result(self._first_error)
