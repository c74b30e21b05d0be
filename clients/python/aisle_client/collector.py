"""The collector: takes events into Kafka."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aisle_client.collector_types import EventsAnswer
from aisle_client.server import Server


class Collector(Server):
    """Safe to share between threads."""

    def send(self, events: Sequence[Mapping[str, Any]]) -> EventsAnswer:
        """Return what became of each event; those accepted are on Kafka's replicas.

        Raises ``ProblemError``: with status 422, and ``results`` in its problem, where none was accepted; after 503,
        and after what httpx raises, send all of them again: the same ids make that safe.
        """
        answer: EventsAnswer = self._post("/v1/events", list(events))
        return answer
