"""Create and describe the topics of ``contracts.topics`` on a broker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError, TopicAlreadyExistsError

from contracts.errors import BrokerUnavailableError
from contracts.topics import TOPICS, Topic
from ingestion.probe import require_broker

MAX_MESSAGE_BYTES = 8 * 1024 * 1024
_ANSWER_WITHIN = timedelta(seconds=4)
_TOPIC_CONFIG = {
    # received_at is the broker's time, not the producer's.
    "message.timestamp.type": "LogAppendTime",
    "max.message.bytes": str(MAX_MESSAGE_BYTES),
}


@dataclass(frozen=True)
class TopicState:
    """One topic on the broker: its partitions and the messages ever written (the sum of the end offsets)."""

    name: str
    partitions: int
    messages: int


def create_topics(servers: str, topics: Sequence[Topic] = TOPICS) -> list[str]:
    """Create what is missing and return its names; raises ``BrokerUnavailableError``."""
    with _admin(servers) as admin:
        present = set(admin.list_topics())
        missing = {topic.name: _options(topic) for topic in topics if topic.name not in present}
        if missing:
            _create(admin, missing)
            _end_offsets(admin, list(missing))  # a leader is named before it serves: this call waits for it
    return list(missing)


def list_topics(servers: str) -> list[TopicState]:
    """Return every topic on the broker but Kafka's own, by name; raises ``BrokerUnavailableError``."""
    with _admin(servers) as admin:
        names = [topic["name"] for topic in admin.describe_topics() if not topic["is_internal"]]
        ends = _end_offsets(admin, names)
    return [TopicState(name, len(ends[name]), sum(ends[name])) for name in sorted(names)]


def _end_offsets(admin: KafkaAdminClient, names: Sequence[str]) -> dict[str, list[int]]:
    """Return topic → the end offset of each partition."""
    if not names:
        return {}
    partitions = [
        TopicPartition(topic["name"], partition["partition_index"])
        for topic in admin.describe_topics(list(names))
        for partition in topic["partitions"]
    ]
    ends = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
    return {name: [ends[each].offset for each in partitions if each.topic == name] for name in names}


def _options(topic: Topic) -> dict[str, object]:
    return {"num_partitions": topic.partitions, "replication_factor": -1, "configs": _TOPIC_CONFIG}


def _create(admin: KafkaAdminClient, missing: dict[str, dict[str, object]]) -> None:
    try:
        admin.create_topics(missing, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        admin.wait_for_topics(list(missing))  # another process was faster


@contextmanager
def _admin(servers: str) -> Iterator[KafkaAdminClient]:
    """Every failure of the client becomes one error that names the servers."""
    require_broker(servers)
    timeout_ms = _ANSWER_WITHIN // timedelta(milliseconds=1)
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=servers.split(","), bootstrap_timeout_ms=timeout_ms, request_timeout_ms=timeout_ms
        )
        try:
            yield admin
        finally:
            admin.close()
    except KafkaError as error:
        msg = f"Kafka at {servers} did not do as asked: {error}"
        raise BrokerUnavailableError(msg) from error
