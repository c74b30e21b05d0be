"""How long after it occurred is an event readable online? Seen from outside: Kafka on one side, Redis on the other."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from threading import Event as Flag

from confluent_kafka import Consumer, Message

from contracts.clock import Clock
from contracts.events import Rejection, parse_event
from contracts.topics import CLICKSTREAM
from deployment.demo.progress import Progress
from feature_store.live.reader import LiveFeatures

# An event that is older when first seen was late by intent.
_FRESH = timedelta(milliseconds=500)
_GIVE_UP_AFTER = timedelta(seconds=30)
_POLL_S = 0.005
_MOST_WAITED_FOR = 100


class FreshnessProbe:
    """Follows the clickstream from now on and waits for its events to show in the live features of their visitors."""

    def __init__(self, consumer: Consumer, online: LiveFeatures, clock: Clock) -> None:
        self._consumer = consumer
        self._online = online
        self._clock = clock
        # Visitor → time of the event that is waited for: one at a time for each.
        self._waiting: dict[str, datetime] = {}

    def measure(self, progress: Progress, ended: Flag, stopped: Flag) -> None:
        """Add milliseconds to ``progress.gauges.freshness_ms`` until ``ended``, then for those still on the way.

        ``stopped`` abandons these too.
        """
        while not stopped.is_set() and (self._waiting or not ended.is_set()):
            if not ended.is_set():
                self._take(self._consumer.poll(_POLL_S))
            else:
                time.sleep(_POLL_S)
            progress.gauges.freshness_ms += self._readable_now()

    def _take(self, message: Message | None) -> None:
        if message is None or message.error() or len(self._waiting) >= _MOST_WAITED_FOR:
            return
        event = parse_event(message.value(), CLICKSTREAM.name)
        if isinstance(event, Rejection) or event["event_type"] == "recommendations_shown":
            return
        occurred_at = datetime.fromisoformat(event["occurred_at"])
        if self._clock.now() - occurred_at < _FRESH:
            self._waiting.setdefault(event["visitor_id"], occurred_at)

    def _readable_now(self) -> list[float]:
        """Return the age in ms of every event that has become readable; what takes too long counts as that long."""
        visitors, ages = list(self._waiting), []
        for visitor_id, answer in zip(visitors, self._online.read_each(visitors), strict=True):
            occurred_at = self._waiting[visitor_id]
            age, last = answer.at - occurred_at, answer.life.age
            is_readable = last is not None and last <= age
            if is_readable or age > _GIVE_UP_AFTER:
                del self._waiting[visitor_id]
                ages.append(age / timedelta(milliseconds=1))
        return ages
