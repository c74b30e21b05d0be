"""Wires the erasure of a customer: the lake, Redis, logged reads, Kafka as far as the streams have read it, MLflow."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from importlib import import_module

from redis import Redis

from contracts.clock import SystemClock
from contracts.errors import AisleError
from data_lake.arrow_lake import ArrowLake
from data_lake.care.forgetting import Finding, Forgetting, LakePlace
from data_lake.care.naming import Subject
from deployment.bootstrap.features import build_repo_config
from deployment.bootstrap.live import build_read_log
from deployment.bootstrap.train import build_mlflow_client
from deployment.settings import Settings
from feature_store.erasure import OnlineErasure
from feature_store.read_log import ReadLog
from ingestion.kafka_erasure import KafkaErasure
from stream_processing.taken_offsets import taken_offsets

_ANSWER_WITHIN_S = 10
_QUERIES = ("bronze", "silver")


class RedisPlace:
    """The online store."""

    def __init__(self, online: OnlineErasure) -> None:
        self._online = online

    def find(self, subject: Subject) -> Sequence[Finding]:
        """Search every key."""
        return [Finding("Redis", "keys", len(self._online.find(subject.derived_ids)))]

    def erase(self, subject: Subject) -> None:
        """Delete the keys."""
        self._online.delete(self._online.find(subject.derived_ids))


class ReadLogPlace:
    """The sampled reads that the parity watch compares."""

    def __init__(self, log: ReadLog) -> None:
        self._log = log

    def find(self, subject: Subject) -> Sequence[Finding]:
        """Search every line."""
        return [Finding("logged reads", "lines", self._log.naming(subject.derived_ids))]

    def erase(self, subject: Subject) -> None:
        """Drop the lines."""
        if self._log.naming(subject.derived_ids):
            self._log.erase(subject.derived_ids)


class KafkaPlace:
    """What the topics held when this was made. ``taken`` says how far the streams have landed them by now."""

    def __init__(self, kafka: KafkaErasure, lake: ArrowLake) -> None:
        self._kafka = kafka
        self._checkpoints = [lake.checkpoint(query) for query in _QUERIES]
        self._ends = kafka.ends()

    def find(self, subject: Subject) -> Sequence[Finding]:
        """Read all messages that are there."""
        found = self._kafka.find(_owns(subject), self._ends)
        if not found:
            return [Finding("Kafka", "messages", 0)]
        taken = taken_offsets(self._checkpoints)
        return [
            Finding(
                f"Kafka {topic} partition {partition}",
                "messages" if here.last < taken.get(topic, {}).get(partition, 0) else "messages, some not landed yet",
                here.messages,
            )
            for (topic, partition), here in sorted(found.items())
        ]

    def erase(self, subject: Subject) -> None:
        """Delete everything up to the last message of the subject, but nothing that a stream has not landed yet."""
        taken = taken_offsets(self._checkpoints)
        found = self._kafka.find(_owns(subject), self._ends)
        before = {
            (topic, partition): min(here.last + 1, taken.get(topic, {}).get(partition, 0))
            for (topic, partition), here in found.items()
        }
        self._kafka.delete_before({at: offset for at, offset in before.items() if offset > 0})


def build_forgetting(
    settings: Settings, lake: ArrowLake, identity: str, tell: Callable[[str], None], settle: timedelta
) -> Forgetting:
    """Return the erasure; readers get ``settle`` between rows and files going.

    Raises ``BrokerUnavailableError``, as its first search does: every place must answer before anything is erased.
    """
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    online = OnlineErasure(
        Redis.from_url(settings.redis.url, socket_timeout=_ANSWER_WITHIN_S), build_repo_config(settings)
    )
    places = (
        KafkaPlace(KafkaErasure(settings.kafka.bootstrap_servers), lake),
        RedisPlace(online),
        LakePlace(lake, SystemClock(), settle),
        ReadLogPlace(build_read_log(settings)),
    )
    return Forgetting(lake, identity, places, tell)


def models_that_learned(settings: Settings, tables: Collection[str]) -> list[str]:
    """Return the models trained from the tables, or one line that says why they are not known."""
    try:
        client = build_mlflow_client(settings)
    except AisleError as error:
        return [f"not known: {error}"]
    found: list[str] = import_module("ml_modeling.trained_from").models_trained_from(client, tables)
    return found


def _owns(subject: Subject) -> Callable[[str, bytes | None, bytes | None], bool]:
    return lambda topic, key, value: subject.owns_message(value, topic, key)
