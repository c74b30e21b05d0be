"""The event bus of a process that publishes."""

from __future__ import annotations

import logging

from contracts.ports import EventBus
from deployment.settings import Settings
from ingestion.confluent_bus import ConfluentBus
from ingestion.kafka_bus import KafkaBus


def build_bus(settings: Settings, fast: bool = False) -> EventBus:
    """Return the bus to ``settings.kafka.bootstrap_servers``; ``fast`` for full-speed load.

    Connects at the first ``publish``, which raises ``BrokerUnavailableError`` where no broker answers.
    """
    # kafka-python logs every attempt to reach a broker that is away; what matters comes back as an error.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    servers = settings.kafka.bootstrap_servers
    return ConfluentBus(servers) if fast else KafkaBus(servers)
