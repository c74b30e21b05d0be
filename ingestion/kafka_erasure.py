"""Messages of a person in Kafka. One message cannot be deleted, only all up to an offset of its partition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from time import monotonic

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from kafka import KafkaAdminClient
from kafka import TopicPartition as AdminTopicPartition
from kafka.errors import KafkaError

from contracts.errors import BrokerUnavailableError
from contracts.topics import TOPICS
from ingestion.probe import require_broker

# (topic, key, value) → whether the message is the person's.
Owns = Callable[[str, bytes | None, bytes | None], bool]
Partition = tuple[str, int]

_ANSWER_WITHIN_S = 10
_MESSAGES_PER_READ = 10_000


@dataclass(frozen=True)
class InPartition:
    """The messages of a person in one partition: how many, and the offset of the last."""

    messages: int
    last: int


class KafkaErasure:
    """The contract's topics on ``servers``. Every call raises ``BrokerUnavailableError``."""

    def __init__(self, servers: str) -> None:
        self._servers = servers

    def ends(self) -> Mapping[Partition, int]:
        """Return the end offset of every partition that holds messages."""
        with self._consumer() as consumer:
            return {partition: high for partition, (low, high) in _spans(consumer).items() if high > low}

    def find(self, owns: Owns, ends: Mapping[Partition, int]) -> Mapping[Partition, InPartition]:
        """Read all messages before ``ends`` and return where those of the person are."""
        counts: Counter[Partition] = Counter()
        last: dict[Partition, int] = {}
        with self._consumer() as consumer:
            for at, offset, message in _messages(consumer, ends):
                if owns(at[0], message.key(), message.value()):
                    counts[at] += 1
                    last[at] = offset
        return {at: InPartition(count, last[at]) for at, count in counts.items()}

    def delete_before(self, offsets: Mapping[Partition, int]) -> None:
        """Delete every message before an offset of its partition, whosever it is (Kafka's DeleteRecords)."""
        require_broker(self._servers)
        wanted = {AdminTopicPartition(*partition): offset for partition, offset in offsets.items()}
        try:
            with KafkaAdminClient(bootstrap_servers=self._servers.split(",")) as admin:
                admin.delete_records(wanted, timeout_ms=_ANSWER_WITHIN_S * 1000)
        except KafkaError as error:
            msg = f"Kafka at {self._servers} did not delete records: {error}"
            raise BrokerUnavailableError(msg) from error

    def _consumer(self) -> closing[Consumer]:
        require_broker(self._servers)
        return closing(
            Consumer({
                "bootstrap.servers": self._servers,
                "group.id": "aisle-forget",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
            })
        )  # fmt: skip


def _spans(consumer: Consumer) -> dict[Partition, tuple[int, int]]:
    """Return the first and the end offset of every partition."""
    try:
        known = consumer.list_topics(timeout=_ANSWER_WITHIN_S).topics
        return {
            (topic.name, number): consumer.get_watermark_offsets(TopicPartition(topic.name, number), _ANSWER_WITHIN_S)
            for topic in TOPICS
            if topic.name in known
            for number in known[topic.name].partitions
        }
    except KafkaException as error:
        msg = f"Kafka does not answer: {error}"
        raise BrokerUnavailableError(msg) from error


def _messages(consumer: Consumer, ends: Mapping[Partition, int]) -> Iterator[tuple[Partition, int, Message]]:
    """Yield what lies before ``ends``, with its partition and offset."""
    lows = {at: low for at, (low, _) in _spans(consumer).items()}
    open_ends = {at: end for at, end in ends.items() if lows[at] < end}
    for at, end in open_ends.items():
        consumer.assign([TopicPartition(*at, lows[at])])
        position, deadline = lows[at], monotonic() + _ANSWER_WITHIN_S
        while position < end:
            for message in consumer.consume(_MESSAGES_PER_READ, timeout=0.5):
                offset = message.offset()
                if message.error() or offset is None:
                    continue
                position, deadline = offset + 1, monotonic() + _ANSWER_WITHIN_S
                if offset < end:
                    yield at, offset, message
            if monotonic() > deadline:
                msg = f"Kafka gave no messages of {at[0]} from offset {position} on within {_ANSWER_WITHIN_S} s"
                raise BrokerUnavailableError(msg)
