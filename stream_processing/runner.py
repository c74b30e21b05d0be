"""Runs the streaming queries, all at once: until told to stop, or until what is there is processed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event
from typing import Any

from data_lake.arrow_lake import ArrowLake
from stream_processing.running_query import Query, RunningQuery

_POLL_S = 0.5

State = dict[str, Any]


class StreamRunner:
    """Owns the started queries; both ways of running raise the failure of the first query that fails."""

    def __init__(self, lake: ArrowLake, queries: Sequence[Query], stop: Event) -> None:
        self._lake = lake
        self._queries = queries
        self._stop = stop

    def run(self, trigger_s: float, report: Callable[[State], None]) -> None:
        """Run all queries until ``stop`` is set; ``report`` gets the state again and again."""
        self._until_ended([query.start(self._lake, trigger_s) for query in self._queries], report)

    def drain(self, report: Callable[[State], None]) -> None:
        """Process everything that is there, and return."""
        self._until_ended([query.start(self._lake, None) for query in self._queries], report)

    def _until_ended(self, running: Sequence[RunningQuery], report: Callable[[State], None]) -> None:
        try:
            while not self._stop.is_set() and any(query.is_active for query in running):
                for query in running:
                    query.raise_failure()
                report(_state(running))
                self._stop.wait(_POLL_S)
            if not self._stop.is_set():
                for query in running:
                    query.raise_failure()
        finally:
            for query in running:
                query.stop()


def _state(running: Sequence[RunningQuery]) -> State:
    return {
        "ready": all(query.is_ready for query in running),
        "queries": {query.name: query.progress() for query in running},
    }
