"""Follows the clickstream in a consumer group and keeps live features in Redis.

Effect exactly once: the offset that counts stands in Redis beside the values (owned_partition), so that an assignment
reads on from there, whatever the group has committed. A batch is what is there: it grows with the load.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from threading import Event
from time import monotonic
from typing import Any, cast

import numpy as np
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

from contracts import Clock, Rejection
from contracts.errors import BrokerUnavailableError, NotReadyError
from contracts.topics import CLICKSTREAM
from feature_store.live.effects import Effects, effects_of
from stream_processing.live.changes import Outcome
from stream_processing.live.message_traces import MessageTraces
from stream_processing.live.partitions import OwnedPartitions, Taken
from stream_processing.live.patience import Patience, StoppedError
from stream_processing.live.report import LiveReport
from stream_processing.message_check import event_of

_LOG = logging.getLogger(__name__)
_MOST_MESSAGES = 2_000
_POLL_S = 0.2
_SHOW_LAG_EVERY_S = 1.0
_CLAIM_AGAIN_AFTER_S = 1.0
# Whatever else is wrong with Kafka, its client mends.
_HOPELESS = (
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
)


class LiveFollower:
    """One member of the group. ``run`` returns when ``stop`` is set; where it is killed, another goes on exactly."""

    def __init__(
        self,
        consumer: Consumer,
        partitions: OwnedPartitions,
        patiently: Patience,
        report: LiveReport,
        clock: Clock,
        traces: MessageTraces | None = None,
    ) -> None:
        self._consumer = consumer
        self._partitions = partitions
        self._patiently = patiently
        self._report = report
        self._clock = clock
        self._traces = traces
        self._fenced_at: dict[int, float] = {}
        self._lag_shown_at = 0.0

    def run(self, stop: Event) -> None:
        """Follow until ``stop``; raises ``BrokerUnavailableError`` and ``NotReadyError`` for what nobody can read."""
        self._consumer.subscribe(
            [CLICKSTREAM.name], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )
        try:
            while not stop.is_set():
                if messages := self._poll():
                    self._take(messages)
                self._claim_again()
                self._show_lag()
        except StoppedError:
            _LOG.info("stopped while Redis did not take writes")
        finally:
            self._consumer.close()

    def _poll(self) -> list[Message]:
        first = self._consumer.poll(_POLL_S)
        if first is None:
            return []
        messages = [first, *self._consumer.consume(_MOST_MESSAGES - 1, 0)]
        for error in filter(None, (message.error() for message in messages)):
            if error.fatal() or error.code() in _HOPELESS:
                msg = f"Kafka does not let topic {CLICKSTREAM.name} be read: {error.str()}"
                raise BrokerUnavailableError(msg)
            _LOG.warning("Kafka: %s", error.str())
        return [message for message in messages if not message.error() and _partition(message) in self._partitions]

    def _take(self, messages: Sequence[Message]) -> None:
        """Make the messages' effects readable."""
        began = self._clock.now()
        effects: dict[int, list[Effects]] = defaultdict(list)
        offsets: dict[int, int] = {}
        outcomes: Counter[Outcome] = Counter()
        for message in messages:
            partition = _partition(message)
            offsets[partition] = cast("int", message.offset()) + 1
            found = _effects(message)
            if isinstance(found, Outcome):
                outcomes[found] += 1
            else:
                effects[partition].append(found)
        taken = {partition: Taken(effects[partition], offset) for partition, offset in offsets.items()}
        written = self._patiently(lambda: self._partitions.write(taken, int(self._clock.now().timestamp())))
        for partition in taken.keys() - written.keys():
            self._report.lost(partition)
            self._fenced_at[partition] = monotonic()
        readable = self._clock.now()
        read = [message for message in messages if _partition(message) in written]
        ages = [readable.timestamp() * 1000 - message.timestamp()[1] for message in read]
        for changes in written.values():
            outcomes += changes.outcomes
        self._report.took(outcomes, np.array(ages) / 1000)
        if self._traces is not None:
            self._traces.took(read, _ns(began), _ns(readable))

    def _assigned(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        if any(each.partition >= CLICKSTREAM.partitions for each in partitions):
            known = CLICKSTREAM.partitions
            msg = (
                f"topic {CLICKSTREAM.name} has over {known} partitions, those of its contract, and readers know no more"
            )
            raise NotReadyError(msg)
        consumer.incremental_assign([self._claimed(each.partition) for each in partitions])
        self._report.owns(self._partitions.offsets)

    def _revoked(self, _consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        for each in partitions:
            self._partitions.give_up(each.partition)
            self._fenced_at.pop(each.partition, None)
        self._report.owns(self._partitions.offsets)

    def _claimed(self, partition: int) -> TopicPartition:
        offset = self._patiently(lambda: self._partitions.claim(partition))
        return TopicPartition(CLICKSTREAM.name, partition, OFFSET_BEGINNING if offset is None else offset)

    def _claim_again(self) -> None:
        """Where Kafka leaves us a partition that was fenced (Redis was emptied, say), go on at what Redis has."""
        due = [p for p, at in self._fenced_at.items() if monotonic() - at > _CLAIM_AGAIN_AFTER_S]
        for partition in due:
            self._consumer.seek(self._claimed(partition))
            del self._fenced_at[partition]
        if due:
            self._report.owns(self._partitions.offsets)

    def _show_lag(self) -> None:
        if monotonic() - self._lag_shown_at < _SHOW_LAG_EVERY_S:
            return
        self._lag_shown_at = monotonic()
        self._report.lags({partition: self._lag(partition, at) for partition, at in self._partitions.offsets.items()})

    def _lag(self, partition: int, offset: int | None) -> int:
        """Return how many messages are behind ``offset``, as of the last answer of the broker."""
        start, end = self._consumer.get_watermark_offsets(TopicPartition(CLICKSTREAM.name, partition), cached=True)
        return max(0, end - max(start, offset or 0))


def _ns(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1_000


def _partition(message: Message) -> int:
    return cast("int", message.partition())


def _effects(message: Message) -> Effects | Outcome:
    headers: dict[str, Any] = dict(message.headers() or ())
    event = event_of(message.value(), headers, CLICKSTREAM.name)
    if isinstance(event, Rejection):
        return Outcome.REJECTED
    return effects_of(event) or Outcome.NO_ACTIVITY
