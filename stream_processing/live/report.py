"""What the real-time path does: lines of its log, and figures in Prometheus' form."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import HistogramMetricFamily

from contracts import metrics as names
from stream_processing.live.changes import Outcome

_LOG = logging.getLogger(__name__)
# Seconds, each a fifth more than the one before: a percentile read from them is at most so much too high.
FRESHNESS_BUCKETS_S = np.round(np.geomspace(0.001, 60, 61), 6)
_MANY_MESSAGES = 10_000


class Freshness:
    """A histogram that takes a whole batch at once; given to a registry, it is a metric."""

    def __init__(self) -> None:
        self._counts = np.zeros(len(FRESHNESS_BUCKETS_S) + 1, np.int64)
        self._sum_s = 0.0

    def observe(self, seconds: NDArray[np.float64]) -> None:
        """Count the seconds from the broker's time to a readable value, one a message."""
        self._counts += np.bincount(np.searchsorted(FRESHNESS_BUCKETS_S, seconds), minlength=len(self._counts))
        self._sum_s += float(seconds.sum())

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Yield the metric."""
        upper = [*map(str, FRESHNESS_BUCKETS_S.tolist()), "+Inf"]
        text = "Seconds from Kafka's append to a value that a reader gets, one a message"
        buckets = list(zip(upper, np.cumsum(self._counts).tolist(), strict=True))
        yield HistogramMetricFamily(names.LIVE_FRESHNESS_SECONDS, text, buckets=buckets, sum_value=self._sum_s)


class LiveReport:
    """Logs what happens, one line each, and counts messages."""

    def __init__(self) -> None:
        self._is_behind = False
        self.registry = CollectorRegistry()
        self.freshness = Freshness()
        self.registry.register(self.freshness)
        self._messages = Counter(
            names.LIVE_MESSAGES_TOTAL, "Messages by what became of them", ["outcome"], registry=self.registry
        )
        self._lag = Gauge(
            names.LIVE_LAG,
            "Messages of a partition that are not in its values yet",
            ["partition"],
            registry=self.registry,
        )
        self._store = Gauge(names.LIVE_STORE_AVAILABLE, "1 while Redis takes writes, 0 else", registry=self.registry)

    def took(self, outcomes: Mapping[Outcome, int], seconds: NDArray[np.float64]) -> None:
        """Note messages whose effects are readable, and after how many seconds each."""
        for outcome, count in outcomes.items():
            self._messages.labels(outcome.value).inc(count)
        self.freshness.observe(seconds)
        self._store.set(1)

    def owns(self, offsets: Mapping[int, int | None]) -> None:
        """Note which partitions are ours now, and from which offset each goes on."""
        self._lag.clear()
        for partition in offsets:
            self._lag.labels(partition).set(0)
        places = ", ".join(f"{p} at {'the beginning' if at is None else at}" for p, at in sorted(offsets.items()))
        _LOG.info("partitions: %s", places or "none")

    def lags(self, lag: Mapping[int, int]) -> None:
        """Note how many messages of each partition wait; says when they are many, and when none waits any more."""
        for partition, messages in lag.items():
            self._lag.labels(partition).set(messages)
        waiting = sum(lag.values())
        if not self._is_behind and waiting > _MANY_MESSAGES:
            _LOG.warning("behind: %s messages wait, by partition %s", f"{waiting:,}", dict(sorted(lag.items())))
            self._is_behind = True
        elif self._is_behind and not waiting:
            _LOG.info("caught up")
            self._is_behind = False

    def lost(self, partition: int) -> None:
        """Note that another process wrote a partition last."""
        _LOG.warning("partition %d: another process has claimed it; nothing of this batch was written", partition)

    def store_gone(self, place: str, reason: str) -> None:
        """Note that Redis does not do as told."""
        self._store.set(0)
        _LOG.error("Redis at %s did not take a write: %s: trying again; Kafka keeps what waits", place, reason)

    def store_back(self, place: str) -> None:
        """Note that it does again."""
        self._store.set(1)
        _LOG.info("Redis at %s takes writes again", place)
