"""What the collector counts beside its requests."""

from __future__ import annotations

from prometheus_client import Counter

from contracts import metrics as names
from web.request_metrics import RequestMetrics

UNAVAILABLE = "unavailable"


class CollectorMetrics(RequestMetrics):
    """The counters of one collector."""

    def __init__(self) -> None:
        super().__init__()
        self._events = Counter(
            names.COLLECTED_EVENTS_TOTAL,
            "Events by what became of them; unavailable: valid, but not acknowledged by Kafka",
            ["result", "reason"],
            registry=self._registry,
        )

    def count_events(self, result: str, number: int, reason: str = "") -> None:
        """Add ``number`` events of a result; ``reason`` is that of a rejection."""
        if number:
            self._events.labels(result, reason).inc(number)
