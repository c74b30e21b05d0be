"""Looks at what becomes of a canary's lists, beside those at its servers: they take longer than a fault may."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import timedelta

from contracts import Clock
from contracts.errors import AisleError, NotReadyError, RetryableError
from experiments.canary import fault_in
from experiments.report import Report

_LATE = timedelta(minutes=10)


class OutcomeLooks:
    """Makes a report every so often, in a thread of ``pool``; one that failed is made again at once."""

    def __init__(self, make: Callable[[], Report], pool: Executor, every: timedelta, clock: Clock) -> None:
        self._make = make
        self._pool = pool
        self._every = every
        self._clock = clock
        self._pending: Future[Report] | None = None
        self._due = clock.now()
        self._fault = ""
        self._unseen = ""

    def fault(self) -> str:
        """Return what the last report speaks of, empty where of nothing, as before the first.

        Raises ``RetryableError`` after a report that could not be made, and where the next is long overdue.
        """
        now = self._clock.now()
        if self._pending is not None and self._pending.done():
            self._take(self._pending)
        if self._pending is None and (self._unseen or now >= self._due):
            self._pending, self._due = self._pool.submit(self._make), now + self._every
        if now > self._due + _LATE:
            msg = f"its outcomes were to be seen at {self._due:%H:%M} UTC, and are not yet"
            raise RetryableError(msg)
        if self._unseen:
            raise RetryableError(self._unseen)
        return self._fault

    def _take(self, done: Future[Report]) -> None:
        self._pending, self._unseen = None, ""
        try:
            self._fault = fault_in(done.result())
        except NotReadyError:
            self._fault = ""  # nobody was shown it yet
        except AisleError as error:
            self._unseen = str(error)
