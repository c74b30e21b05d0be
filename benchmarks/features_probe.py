"""A client that sends an event of its own ten times a second and reads its visitor until the event shows."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import orjson
from confluent_kafka import Producer

from contracts.topics import CLICKSTREAM
from deployment.bootstrap.live import build_live_features
from deployment.settings import Settings
from feature_store.live.reader import LiveFeatures

_PAUSE_S = 0.1
_GIVE_UP_S = 30.0


def probe(settings: Settings, for_s: float) -> list[float]:
    """Return, sorted, the milliseconds from the broker's time of each event to the answer that held it."""
    producer = Producer({"bootstrap.servers": settings.kafka.bootstrap_servers, "linger.ms": 0})
    reader, ends = build_live_features(settings), time.monotonic() + for_s
    run = f"probe-{time.monotonic_ns()}"
    ages: list[float] = []
    while time.monotonic() < ends:
        visitor_id = f"{run}-{len(ages)}"
        appended_ms = _send(producer, visitor_id)
        ages.append(_seen_ms(reader, visitor_id) - appended_ms)
        time.sleep(_PAUSE_S)
    return sorted(ages)


def _send(producer: Producer, visitor_id: str) -> float:
    """Return the broker's time of one event."""
    times: list[float] = []
    event = {
        "event_id": visitor_id,
        "event_type": "page_viewed",
        "schema_version": 1,
        "occurred_at": datetime.now(UTC).isoformat(),
        "producer": "probe",
        "visitor_id": visitor_id,
        "page_url": "/",
    }

    def delivered(_error: Any, message: Any) -> None:
        times.append(message.timestamp()[1])

    producer.produce(CLICKSTREAM.name, orjson.dumps(event), visitor_id.encode(), on_delivery=delivered)
    producer.flush(_GIVE_UP_S)
    return times[0]


def _seen_ms(reader: LiveFeatures, visitor_id: str) -> float:
    deadline = time.monotonic() + _GIVE_UP_S
    while not reader.read(visitor_id).session.values and time.monotonic() < deadline:
        time.sleep(0.0005)
    return datetime.now(UTC).timestamp() * 1000
