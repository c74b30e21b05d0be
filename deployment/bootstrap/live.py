"""Wires the real-time path: a consumer group on the clickstream, Redis."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from random import Random
from threading import Event

from confluent_kafka import Consumer
from redis import Redis

from contracts import SystemClock
from deployment.bootstrap.redis_client import build_redis
from deployment.settings import Settings
from feature_store.live.reader import LiveFeatures
from feature_store.read_log import ReadLog
from feature_store.request_reader import RequestReader
from feature_store.sampled_reader import SampledReader
from feature_store.stored_features import StoredFeatures
from feature_store.stored_views import PRODUCT
from stream_processing.live.follower import LiveFollower
from stream_processing.live.message_traces import MessageTraces
from stream_processing.live.partitions import OwnedPartitions
from stream_processing.live.patience import Patience
from stream_processing.live.report import LiveReport
from web.tracing import Tracing

GROUP = "aisle-live"
_STORE_ANSWERS_WITHIN_S = 5.0
_READ_WITHIN_S = 1.0
# The broker collects for so long: fewer and larger batches, at the price of this in freshness.
_COLLECT_MS = 10
_COLLECT_BYTES = 256 * 1024
_GONE_AFTER_MS = 10_000
# Bounds what a backlog takes of memory.
_READ_AHEAD_KIB = 16 * 1024


def build_live(
    settings: Settings, report: LiveReport, member: str, stop: Event, tracing: Tracing | None = None
) -> LiveFollower:
    """Return a member of the group, whose waiting ``stop`` ends; nothing needs to be up.

    A ``member`` with a name gets its partitions back at once when it starts again; no two may have the same.
    """
    # librdkafka's warnings are of what it mends by itself.
    log = logging.getLogger("stream_processing.live.kafka")
    log.setLevel(logging.ERROR)
    consumer = Consumer(_consumer_config(settings, member), logger=log)
    client = build_redis(settings, _STORE_ANSWERS_WITHIN_S)
    patience = Patience(_place(client), report, stop)
    traces = MessageTraces(tracing.tracer) if tracing else None
    return LiveFollower(consumer, OwnedPartitions(client), patience, report, SystemClock(), traces)


def build_live_features(settings: Settings) -> LiveFeatures:
    """Return the reader of live features; connects at the first call."""
    return LiveFeatures(build_redis(settings, _READ_WITHIN_S), SystemClock())


def build_sampled_reader(settings: Settings, answers_within_s: float = _READ_WITHIN_S) -> SampledReader:
    """Return the reader as the model server uses it: a sample is logged for `aisle features parity`."""
    ratio = settings.features.logged_read_ratio
    reader = RequestReader(build_redis(settings, answers_within_s), SystemClock())
    return SampledReader(reader, build_read_log(settings), ratio, Random())  # noqa: S311 - a sample


def build_product_reader(
    settings: Settings, features: Sequence[str], answers_within_s: float = _READ_WITHIN_S
) -> StoredFeatures:
    """Return the reader of some features of products; connects at the first call."""
    return StoredFeatures(build_redis(settings, answers_within_s), PRODUCT, features)


def build_read_log(settings: Settings) -> ReadLog:
    """Return the log of sampled reads."""
    return ReadLog(settings.data_dir / "feast" / "reads.jsonl")


def _place(client: Redis) -> str:
    address = client.connection_pool.connection_kwargs
    return str(address.get("path") or f"{address['host']}:{address['port']}")


def _consumer_config(settings: Settings, member: str) -> dict[str, str | int | bool]:
    config: dict[str, str | int | bool] = {
        "bootstrap.servers": settings.kafka.bootstrap_servers,
        "group.id": GROUP,
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": _GONE_AFTER_MS,
        "fetch.wait.max.ms": _COLLECT_MS,
        "fetch.min.bytes": _COLLECT_BYTES,
        "fetch.error.backoff.ms": 100,
        "queued.max.messages.kbytes": _READ_AHEAD_KIB,
        "reconnect.backoff.max.ms": 1000,
    }
    return config | ({"group.instance.id": member} if member else {})
