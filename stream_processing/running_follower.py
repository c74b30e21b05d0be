"""The follower of silver as one of the runner's queries: in a thread of its own, beside Spark's."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any

from contracts.errors import AisleError, RetryableError
from stream_processing.failure_line import in_one_line
from stream_processing.silver_follower import SilverFollower

# What sets ``landed`` wakes the follower at once; without that it looks so often.
_PAUSE_S = 0.5


class RunningFollower:
    """Steps again and again: until stopped, or until ``source_ended`` and nothing is left."""

    def __init__(self, follower: SilverFollower, landed: Event, source_ended: Callable[[], bool]) -> None:
        self._follower = follower
        self._landed = landed
        self._source_ended = source_ended
        self._stopped = Event()
        self._failure: Exception | None = None
        self._last: dict[str, Any] = {}
        self._thread = Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """What the state calls it."""
        return self._follower.name

    @property
    def is_active(self) -> bool:
        """Whether it has not ended yet."""
        return self._thread.is_alive()

    @property
    def is_ready(self) -> bool:
        """Whether it takes what lands."""
        return self._thread.is_alive()

    def progress(self) -> dict[str, Any]:
        """Return the last step: its number, input rows, rows a second and time; empty before the first."""
        return self._last

    def raise_failure(self) -> None:
        """Raise what ended it, if it failed: an error of Aisle's own as it was, any other as a ``RetryableError``."""
        if isinstance(self._failure, AisleError):
            raise self._failure
        if self._failure:
            msg = f"{self.name} failed: {in_one_line(str(self._failure), [self._follower.disk])}"
            raise RetryableError(msg) from self._failure

    def stop(self) -> None:
        """End it after the step that runs."""
        self._stopped.set()
        self._landed.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                self._landed.clear()
                ended = self._source_ended()
                if not self._step():
                    if ended:
                        return
                    self._landed.wait(_PAUSE_S)
        except Exception as error:  # noqa: BLE001 - raised by raise_failure
            self._failure = error

    def _step(self) -> int:
        started, at = time.perf_counter(), datetime.now(UTC)
        rows = self._follower.step()
        if rows:
            self._last = {
                "batch": self._last.get("batch", -1) + 1,
                "input_rows": rows,
                "rows_per_s": rows / (time.perf_counter() - started),
                "at": at.isoformat(),
            }
        return rows
