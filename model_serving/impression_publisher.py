"""What was shown goes back into Kafka, in the background: no answer waits for it or fails with it.

A batch that the broker does not acknowledge is spooled and sent later. It may then be in the topic twice: an event
counts once in silver, by its id.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from queue import Empty, Full, Queue
from threading import Event as Flag
from threading import Thread

import orjson

from contracts import Event, EventBus, Message
from contracts.errors import AisleError, PermanentError
from contracts.topics import CLICKSTREAM, PRODUCER_HEADER
from model_serving.impression_spool import ImpressionSpool
from model_serving.impressions import PRODUCER
from web.tracing import trace_headers

_LOG = logging.getLogger(__name__)
_CAPACITY = 10_000
_BATCH = 1000
_ACKNOWLEDGED_WITHIN = timedelta(seconds=2)
_RETRY_S = 5.0
# Sent together, an impression costs the requests beside it a quarter of what it does alone. While nothing can be sent,
# the batches to spool are a second's.
_GATHER_S, _GATHER_TO_SPOOL_S = 0.1, 1.0
_PRODUCER = (PRODUCER_HEADER, PRODUCER.encode())

# An event, and the headers by which it goes on in the trace of its request; one that was spooled has none.
_Shown = tuple[Event, tuple[tuple[str, bytes], ...]]


class ImpressionPublisher:
    """A bounded queue before the bus, and a spool beside it; what fits in neither is dropped and counted."""

    def __init__(
        self,
        build_bus: Callable[[], EventBus],
        spool: ImpressionSpool,
        dropped: Callable[[int], None],
        capacity: int = _CAPACITY,
        retry_s: float = _RETRY_S,
    ) -> None:
        self._build_bus = build_bus
        self._spool = spool
        self._dropped = dropped
        self._waiting: Queue[_Shown | None] = Queue(capacity)
        self._retry_s = retry_s
        self._bus: EventBus | None = None
        self._failure = ""
        self._try_again_at = 0.0
        self._stopping = Flag()
        self._thread = Thread(target=self._run, name="impressions", daemon=True)

    @property
    def failure(self) -> str:
        """Why impressions are spooled; empty where they reach Kafka."""
        return self._failure

    def start(self) -> None:
        """Begin to publish, with what an earlier run has spooled."""
        self._thread.start()

    def stop(self) -> None:
        """Publish what waits where the broker is there, else spool it; within some seconds."""
        self._stopping.set()
        with suppress(Full):
            self._waiting.put_nowait(None)  # wakes the thread where nothing waits
        self._thread.join(timeout=3 * _ACKNOWLEDGED_WITHIN.total_seconds())

    def offer(self, event: Event) -> None:
        """Hand an event over; returns at once."""
        try:
            self._waiting.put_nowait((event, trace_headers()))
        except Full:
            self._dropped(1)

    def _run(self) -> None:
        while not (self._stopping.is_set() and self._waiting.empty()):
            if self._may_send():
                self._catch_up()
            batch = self._next_batch()
            if batch and not (self._may_send() and self._sent(batch)):
                self._keep([event for event, _ in batch])

    def _keep(self, events: Sequence[Event]) -> None:
        if not self._spool.put(events):
            self._dropped(len(events))

    def _next_batch(self) -> list[_Shown]:
        """Return what waits, once something does or it is time to try the broker again."""
        batch: list[_Shown | None] = []
        with suppress(Empty):
            batch.append(self._waiting.get(timeout=self._retry_s))
            self._stopping.wait(_GATHER_TO_SPOOL_S if self._failure else _GATHER_S)
            while len(batch) < _BATCH:
                batch.append(self._waiting.get_nowait())
        return [shown for shown in batch if shown is not None]

    def _may_send(self) -> bool:
        return time.monotonic() >= self._try_again_at

    def _catch_up(self) -> None:
        """Connect, and send what is spooled."""
        batches = self._spool.batches
        if not batches and (self._bus is None or self._failure):
            self._sent([])
        for batch in batches:
            events, broken = self._spool.read(batch)
            if not self._sent([(event, ()) for event in events]):
                return
            self._spool.remove(batch)
            self._dropped(broken)

    def _sent(self, batch: Sequence[_Shown]) -> bool:
        """Publish a batch; False where the broker does not acknowledge all of it."""
        try:
            self._bus = self._bus or self._build_bus()
            for event, headers in batch:
                self._publish(self._bus, event, headers)
            self._bus.flush(_ACKNOWLEDGED_WITHIN)
        except AisleError as error:
            if not self._failure:
                _LOG.warning("impressions are spooled: %s", error)
            self._failure = str(error)
            self._try_again_at = time.monotonic() + self._retry_s
            return False
        if self._failure:
            _LOG.info("impressions reach Kafka again")
        self._failure = ""
        return True

    def _publish(self, bus: EventBus, event: Event, headers: Sequence[tuple[str, bytes]]) -> None:
        key = event[CLICKSTREAM.key_field].encode()
        try:
            bus.publish(Message(CLICKSTREAM.name, key, orjson.dumps(event), (_PRODUCER, *headers)))
        except PermanentError as error:
            _LOG.warning("an impression is dropped: %s", error)
            self._dropped(1)
