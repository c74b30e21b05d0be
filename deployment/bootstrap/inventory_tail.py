"""What the shop says of its products, from the first message that the broker still has on, in no group."""

from __future__ import annotations

import logging

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from contracts.topics import INVENTORY
from deployment.settings import Settings

_MOMENT_S = 0.5
_READ_AHEAD_KIB = 4 * 1024


class InventoryTail:
    """The messages of ``inventory``; while no broker answers, or there is no such topic, there are none."""

    def __init__(self, settings: Settings) -> None:
        # librdkafka logs every attempt to reach a broker that is away.
        log = logging.getLogger("aisle.inventory.kafka")
        log.setLevel(logging.CRITICAL)
        config = {
            "bootstrap.servers": settings.kafka.bootstrap_servers,
            "group.id": "aisle-inventory-tail",
            "enable.auto.commit": False,
            "queued.max.messages.kbytes": _READ_AHEAD_KIB,
        }
        self._consumer = Consumer(config, logger=log)
        partitions = range(INVENTORY.partitions)
        self._consumer.assign([TopicPartition(INVENTORY.name, number, OFFSET_BEGINNING) for number in partitions])

    def read(self, most: int) -> list[bytes]:
        """Return the next messages, waiting for half a second where there are fewer than ``most``."""
        messages = self._consumer.consume(most, _MOMENT_S)
        return [message.value() or b"" for message in messages if message.error() is None]

    def close(self) -> None:
        """Free the connections."""
        self._consumer.close()
