"""Runs the streaming queries, all at once: until told to stop, or until what is there is processed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event
from typing import Any, Protocol

from data_lake.arrow_lake import ArrowLake
from stream_processing.running_query import Query

_POLL_S = 0.5

State = dict[str, Any]


class Running(Protocol):
    """A started query, or what follows one."""

    @property
    def name(self) -> str:
        """What the state calls it."""
        ...

    @property
    def is_active(self) -> bool:
        """Whether it has not ended yet."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether it takes data."""
        ...

    def progress(self) -> State:
        """Return what its last micro-batch was."""
        ...

    def raise_failure(self) -> None:
        """Raise what ended it, if it failed."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


# Starts what follows the queries; it ends by itself once the function that it gets says that they have.
Follow = Callable[[Callable[[], bool]], Running]


class StreamRunner:
    """Owns what it started; both ways of running raise the failure of the first that fails."""

    def __init__(self, lake: ArrowLake, queries: Sequence[Query], stop: Event, follow: Follow | None = None) -> None:
        self._lake = lake
        self._queries = queries
        self._stop = stop
        self._follow = follow

    def run(self, trigger_s: float, report: Callable[[State], None]) -> None:
        """Run until ``stop`` is set; ``report`` gets the state again and again."""
        self._until_ended(trigger_s, report)

    def drain(self, report: Callable[[State], None]) -> None:
        """Process everything that is there, and return."""
        self._until_ended(None, report)

    def _until_ended(self, trigger_s: float | None, report: Callable[[State], None]) -> None:
        queries = [query.start(self._lake, trigger_s) for query in self._queries]
        running: list[Running] = [*queries]
        if self._follow:
            running.append(self._follow(lambda: not any(query.is_active for query in queries)))
        try:
            while not self._stop.is_set() and any(each.is_active for each in running):
                for each in running:
                    each.raise_failure()
                report(_state(running))
                self._stop.wait(_POLL_S)
            if not self._stop.is_set():
                for each in running:
                    each.raise_failure()
        finally:
            for each in running:
                each.stop()


def _state(running: Sequence[Running]) -> State:
    return {
        "ready": all(each.is_ready for each in running),
        "queries": {each.name: each.progress() for each in running},
    }
