"""Builds a consumer that follows the clickstream from now on, in no group and without committing anything."""

from __future__ import annotations

from confluent_kafka import OFFSET_END, Consumer, TopicPartition

from contracts.topics import CLICKSTREAM
from deployment.settings import Settings


def build_tail(settings: Settings) -> Consumer:
    """Return a consumer of every clickstream partition, at its end; the caller closes it."""
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka.bootstrap_servers,
            "group.id": "aisle-tail",
            "enable.auto.commit": False,
        }
    )
    partitions = range(CLICKSTREAM.partitions)
    consumer.assign([TopicPartition(CLICKSTREAM.name, partition, OFFSET_END) for partition in partitions])
    return consumer
