"""What was shown goes back into Kafka, in the background: no answer waits for it or fails with it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from queue import Full, Queue
from threading import Event as Flag
from threading import Thread
from uuid import uuid4

import orjson

from contracts import Clock, Event, EventBus, Message
from contracts.errors import AisleError
from contracts.topics import CLICKSTREAM, PRODUCER_HEADER
from model_serving.answers import RecommendationsAnswer

PRODUCER = "api"
_LOG = logging.getLogger(__name__)
_CAPACITY = 10_000
_REST_S = 1.0
_CLOSE_WITHIN = timedelta(seconds=2)


def recommendations_shown(answer: RecommendationsAnswer, visitor_id: str, clock: Clock) -> Event:
    """Return the event of an answer that holds items, shown to a visitor."""
    event: Event = {
        "event_id": uuid4().hex,
        "event_type": "recommendations_shown",
        "schema_version": 1,
        "occurred_at": clock.now().isoformat().replace("+00:00", "Z"),
        "producer": PRODUCER,
        "visitor_id": visitor_id,
        "request_id": answer.request_id,
        "placement": answer.placement,
        "product_ids": [item.product_id for item in answer.items],
        "source": answer.source,
    }
    if answer.model is not None:
        event |= {"model": answer.model.name, "model_version": answer.model.version}
    return event


class ImpressionPublisher:
    """A bounded queue before the bus. What does not fit, or is not taken by the broker, is dropped and counted."""

    def __init__(
        self, build_bus: Callable[[], EventBus], dropped: Callable[[], None], capacity: int = _CAPACITY
    ) -> None:
        self._build_bus = build_bus
        self._dropped = dropped
        self._waiting: Queue[Event | None] = Queue(capacity)
        self._bus: EventBus | None = None
        self._failing = False
        self._stopping = Flag()
        self._thread = Thread(target=self._run, name="impressions", daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def stop(self) -> None:
        """Publish what waits, within two seconds where the broker is there."""
        self._stopping.set()
        with suppress(Full):
            self._waiting.put_nowait(None)  # wakes the thread where nothing waits
        self._thread.join(timeout=_CLOSE_WITHIN.total_seconds() + 1)

    def offer(self, event: Event) -> None:
        """Hand an event over; returns at once."""
        try:
            self._waiting.put_nowait(event)
        except Full:
            self._dropped()

    def _run(self) -> None:
        while not (self._stopping.is_set() and self._waiting.empty()):
            event = self._waiting.get()
            if event is not None:
                self._publish(event)
        with suppress(AisleError):
            if self._bus is not None:
                self._bus.flush(_CLOSE_WITHIN)

    def _publish(self, event: Event) -> None:
        headers = ((PRODUCER_HEADER, PRODUCER.encode()),)
        message = Message(CLICKSTREAM.name, event[CLICKSTREAM.key_field].encode(), orjson.dumps(event), headers)
        try:
            self._bus = self._bus or self._build_bus()
            self._bus.publish(message)
            self._failing = False
        except AisleError as error:
            self._dropped()
            if not self._failing:
                _LOG.warning("impressions are dropped: %s", error)
            self._failing = True
            self._stopping.wait(_REST_S)
