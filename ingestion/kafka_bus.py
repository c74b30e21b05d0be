"""The event bus on kafka-python: the default, for rates up to some thousand messages a second."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, MessageSizeTooLargeError

from contracts.errors import BrokerUnavailableError, PermanentError
from contracts.ports import Message
from ingestion.deliveries import OVERHEAD_BYTES, Deliveries
from ingestion.probe import require_broker
from ingestion.topics import MAX_MESSAGE_BYTES

# Long enough for a broker that is killed and comes back.
DELIVERY_TIMEOUT = timedelta(seconds=120)
_BUFFER_BYTES = 32 * 1024 * 1024
_METADATA_WITHIN = timedelta(seconds=10)
_CLOSE_WITHIN = timedelta(seconds=10)


class KafkaBus:
    """An ``EventBus``: acks=all and idempotent, so that a retry after a lost answer doubles nothing.

    Connects at the first ``publish``. One visitor's events stay in order, as the key decides the partition.
    kafka-python itself does not bound its buffer: ``Deliveries`` does.
    """

    def __init__(self, servers: str, delivery_timeout: timedelta = DELIVERY_TIMEOUT) -> None:
        self._servers = servers
        self._delivery_timeout = delivery_timeout
        self._deliveries = Deliveries(servers, _BUFFER_BYTES)
        self._producer: KafkaProducer | None = None
        self._connecting = threading.Lock()

    @property
    def acknowledged(self) -> int:
        """Messages that the broker has acknowledged so far."""
        return self._deliveries.acknowledged

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
            raise _too_large(message) from error
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
            producer.flush(_CLOSE_WITHIN.total_seconds())
        except KafkaError as error:
            msg = f"Kafka at {self._servers} did not acknowledge the last messages: {error}"
            raise BrokerUnavailableError(msg) from error
        finally:
            producer.close(timeout=1)
        self._deliveries.raise_failure()

    def _connected(self) -> KafkaProducer:
        with self._connecting:
            if self._producer is None:
                self._producer = _connect(self._servers, self._delivery_timeout)
            return self._producer

    def _succeeded(self, size: int, _metadata: Any) -> None:
        self._deliveries.succeeded(size)

    def _failed(self, size: int, error: BaseException) -> None:
        self._deliveries.failed(error, size)


def _connect(servers: str, delivery_timeout: timedelta) -> KafkaProducer:
    require_broker(servers)
    try:
        return KafkaProducer(
            bootstrap_servers=servers.split(","),
            acks="all",
            enable_idempotence=True,
            delivery_timeout_ms=_ms(delivery_timeout),
            request_timeout_ms=_ms(min(delivery_timeout / 2, timedelta(seconds=30))),
            max_block_ms=_ms(min(delivery_timeout, _METADATA_WITHIN)),
            max_request_size=MAX_MESSAGE_BYTES,
            reconnect_backoff_max_ms=1000,  # 30 s by default: a broker that is back must not wait for it
            allow_auto_create_topics=False,
            batch_size=64 * 1024,
            linger_ms=5,
            metrics_enabled=False,
        )
    except KafkaError as error:
        msg = f"no Kafka broker answers at {servers}: {error}"
        raise BrokerUnavailableError(msg) from error


def _too_large(message: Message) -> PermanentError:
    return PermanentError(
        f"a message of {len(message.value)} bytes for topic {message.topic}: expected at most {MAX_MESSAGE_BYTES}"
    )


def _ms(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
