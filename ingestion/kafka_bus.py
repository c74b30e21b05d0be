"""The event bus on kafka-python: the default, for rates up to some thousand messages a second."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, MessageSizeTooLargeError

from contracts.errors import BrokerUnavailableError
from contracts.ports import Message
from ingestion.deliveries import OVERHEAD_BYTES
from ingestion.producer_bus import CLOSE_WITHIN, DELIVERY_TIMEOUT, ProducerBus, milliseconds, too_large
from ingestion.topics import MAX_MESSAGE_BYTES

_BUFFER_BYTES = 32 * 1024 * 1024
_METADATA_WITHIN = timedelta(seconds=10)


class KafkaBus(ProducerBus[KafkaProducer]):
    """An ``EventBus``: acks=all and idempotent, so that a retry after a lost answer doubles nothing.

    Connects at the first ``publish``. One visitor's events stay in order, as the key decides the partition.
    kafka-python itself does not bound its buffer: ``Deliveries`` does.
    """

    def __init__(self, servers: str, delivery_timeout: timedelta = DELIVERY_TIMEOUT) -> None:
        super().__init__(servers, delivery_timeout, _BUFFER_BYTES)

    def publish(self, message: Message) -> None:
        """Hand one message over; blocks while 32 MiB are in flight.

        Raises ``BrokerUnavailableError``, also for messages published before, and ``PermanentError`` for one
        that is larger than a topic allows.
        """
        self._deliveries.raise_failure()
        producer = self._connected()
        size = len(message.value) + OVERHEAD_BYTES
        self._deliveries.take(size, self._delivery_timeout)
        try:
            sent = producer.send(message.topic, message.value, message.key, list(message.headers))
        except MessageSizeTooLargeError as error:
            self._deliveries.give_back(size)
            raise too_large(message) from error
        except KafkaError as error:
            self._deliveries.give_back(size)
            msg = f"Kafka at {self._servers} does not serve topic {message.topic}: {error} (see `aisle topics create`)"
            raise BrokerUnavailableError(msg) from error
        sent.add_callback(partial(self._succeeded, size))
        sent.add_errback(partial(self._failed, size))

    def flush(self, timeout: timedelta) -> None:
        """Wait until everything published is acknowledged; raises ``BrokerUnavailableError``."""
        if self._producer is not None:
            try:
                self._producer.flush(timeout.total_seconds())
            except KafkaError as error:
                self._deliveries.raise_failure()
                msg = f"Kafka at {self._servers} did not acknowledge within {timeout.total_seconds():g} s: {error}"
                raise BrokerUnavailableError(msg) from error
        self._deliveries.raise_failure()

    def close(self) -> None:
        """Flush what is left and free the client; raises ``BrokerUnavailableError`` if something was lost."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            producer.flush(CLOSE_WITHIN.total_seconds())
        except KafkaError as error:
            msg = f"Kafka at {self._servers} did not acknowledge the last messages: {error}"
            raise BrokerUnavailableError(msg) from error
        finally:
            producer.close(timeout=1)
        self._deliveries.raise_failure()

    def _connect(self) -> KafkaProducer:
        try:
            return KafkaProducer(
                bootstrap_servers=self._servers.split(","),
                acks="all",
                enable_idempotence=True,
                delivery_timeout_ms=milliseconds(self._delivery_timeout),
                request_timeout_ms=milliseconds(min(self._delivery_timeout / 2, timedelta(seconds=30))),
                max_block_ms=milliseconds(min(self._delivery_timeout, _METADATA_WITHIN)),
                max_request_size=MAX_MESSAGE_BYTES,
                reconnect_backoff_max_ms=1000,  # 30 s by default: a broker that is back must not wait for it
                allow_auto_create_topics=False,
                batch_size=64 * 1024,
                linger_ms=5,
                metrics_enabled=False,
            )
        except KafkaError as error:
            msg = f"no Kafka broker answers at {self._servers}: {error}"
            raise BrokerUnavailableError(msg) from error

    def _succeeded(self, size: int, _metadata: Any) -> None:
        self._deliveries.succeeded(size)

    def _failed(self, size: int, error: BaseException) -> None:
        self._deliveries.failed(error, size)
