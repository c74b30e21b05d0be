"""A bare echo, the least that any way from Kafka to Redis takes: each message is set under a key, and that is all."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import numpy as np
from confluent_kafka import OFFSET_END, Consumer, TopicPartition
from redis import Redis

from contracts.topics import CLICKSTREAM
from deployment.settings import Settings

_MOST_MESSAGES = 2_000
_POLL_S = 0.2
# As the real-time path lets the broker collect.
_FETCHING = {"fetch.wait.max.ms": 10, "fetch.min.bytes": 256 * 1024}


def ready() -> None:
    """Return: whoever calls this in another process knows that it has imported what it needs."""


def echo(settings: Settings, for_s: float) -> list[float]:
    """Return the ms from the broker's time to Redis' answer of each message that came in ``for_s``."""
    config: dict[str, Any] = {"bootstrap.servers": settings.kafka.bootstrap_servers, "group.id": "echo"}
    consumer = Consumer(config | {"enable.auto.commit": False} | _FETCHING)
    consumer.assign([TopicPartition(CLICKSTREAM.name, each, OFFSET_END) for each in range(CLICKSTREAM.partitions)])
    client, ends = Redis.from_url(settings.redis.url), time.monotonic() + for_s
    ages: list[float] = []
    while time.monotonic() < ends:
        first = consumer.poll(_POLL_S)
        polled = [first, *consumer.consume(_MOST_MESSAGES - 1, 0)] if first else []
        messages = [message for message in polled if not message.error()]
        with client.pipeline(transaction=False) as pipe:
            for number, message in enumerate(messages):
                pipe.set(f"echo:{number}", message.value() or b"")
            pipe.execute()
        now_ms = datetime.now(UTC).timestamp() * 1000
        ages += [now_ms - message.timestamp()[1] for message in messages]
    consumer.close()
    client.close()
    return ages


def percentiles(name: str, ages: list[float]) -> dict[str, float]:
    """Return p50 and p99 of some ages."""
    p50, p99 = np.percentile(ages, [50, 99])
    return {f"{name}_p50_ms": round(float(p50), 1), f"{name}_p99_ms": round(float(p99), 1), f"{name}_events": len(ages)}
