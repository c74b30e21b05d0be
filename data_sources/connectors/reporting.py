"""What the connectors did: a line for a person, and counters in Prometheus' form."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from contracts import Clock
from contracts import metrics as names
from data_sources.connectors.delivering import Counts


class Report:
    """Says each thing that happens by ``say``, one line, and counts it."""

    def __init__(self, say: Callable[[str], None], clock: Clock) -> None:
        self._say = say
        self._clock = clock
        self.failures = 0
        self.registry = CollectorRegistry()
        self._rounds = Counter(
            names.CONNECTOR_ROUNDS_TOTAL,
            "Answers and files by what became of them",
            ["source", "result"],
            registry=self.registry,
        )
        self._messages = Counter(
            names.CONNECTOR_MESSAGES_TOTAL,
            "Messages that Kafka has acknowledged; unmapped ones are raw rows",
            ["source", "kind"],
            registry=self.registry,
        )
        self._last_success = Gauge(
            names.CONNECTOR_LAST_SUCCESS,
            "When a source was last taken, or had nothing new",
            ["source"],
            registry=self.registry,
        )

    def took(self, source: str, what: str, counts: Counts) -> None:
        """Note an answer or a file that is in Kafka, whole."""
        self._messages.labels(source, "event").inc(counts.messages - counts.unmapped)
        self._messages.labels(source, "unmapped").inc(counts.unmapped)
        unmapped = f", {counts.unmapped:,} of them unmapped, the first: {counts.first_error}" if counts.unmapped else ""
        self._succeeded(source, "taken", f"{what}: {counts.messages:,} messages{unmapped}")

    def unchanged(self, source: str, what: str) -> None:
        """Note that there was nothing new."""
        self._succeeded(source, "unchanged", what)

    def delayed(self, source: str, error: BaseException | None, wait_s: float) -> None:
        """Note what is in the way now, and is tried again."""
        self._rounds.labels(source, "delayed").inc()
        self._say(f"{source}: {error}: trying again in {wait_s:,.0f} s")

    def failed(self, source: str, error: BaseException) -> None:
        """Note what trying again soon would not help."""
        self.failures += 1
        self._rounds.labels(source, "failed").inc()
        self._say(f"{source}: error: {error}")

    def _succeeded(self, source: str, result: str, what: str) -> None:
        self._rounds.labels(source, result).inc()
        self._last_success.labels(source).set(self._clock.now().timestamp())
        self._say(f"{source}: {what}")
