"""What the collector's producer does without HTTP and without the contract: the same events, ready in memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from itertools import cycle

from benchmarks.ingest_client import BATCH
from benchmarks.ingest_events import Template, templates
from contracts import AcknowledgedBus, Message
from ingestion.confluent_acknowledged_bus import ConfluentAcknowledgedBus

# Enough at once that the producer never waits for a caller.
_CALLERS = 64
_HEADERS = (("producer", b"ceiling"),)
Batches = Iterator[list[Message]]


def publish(servers: str, seconds: float) -> float:
    """Return the acknowledged events a second."""
    bus = ConfluentAcknowledgedBus(servers)
    batches = cycle(_batches(templates()))
    bus.start()
    started = time.perf_counter()
    published = asyncio.run(_publish_at_once(bus, batches, started + seconds))
    rate = published / (time.perf_counter() - started)
    bus.close()
    return rate


def _batches(pool: list[Template]) -> list[list[Message]]:
    messages = [Message(each.topic, each.key, each.event(number), _HEADERS) for number, each in enumerate(pool)]
    return [messages[first : first + BATCH] for first in range(0, len(messages), BATCH)]


async def _publish_at_once(bus: AcknowledgedBus, batches: Batches, until: float) -> int:
    return sum(await asyncio.gather(*(_publish_until(until, bus, batches) for _ in range(_CALLERS))))


async def _publish_until(until: float, bus: AcknowledgedBus, batches: Batches) -> int:
    published = 0
    while time.perf_counter() < until:
        await bus.publish(next(batches))
        published += BATCH
    return published
