"""The connector port: what has rounds, whatever it reads."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from contracts import Clock
from data_sources.connectors.polling import Poller
from data_sources.connectors.reporting import Report
from data_sources.connectors.taking import FolderTaker


class Connector(Protocol):
    """One source. A round takes what is there now; it is repeated every ``every_s`` seconds."""

    @property
    def name(self) -> str:
        """The source's name."""
        ...

    @property
    def every_s(self) -> float:
        """Seconds from the end of a round to the next."""
        ...

    def first_wait_s(self) -> float:
        """Return the seconds until a first round after a start is due."""
        ...

    def settle_s(self) -> float:
        """Return the seconds after which what is there, but not complete yet, may be; 0 where there is nothing."""
        ...

    async def round(self) -> None:
        """Take what is new and report it.

        Raises ``RetryableError`` and ``OSError`` for what may pass, ``PermanentError`` for what will not.
        """
        ...


class HttpConnector:
    """An API as a connector."""

    def __init__(self, poller: Poller, report: Report, clock: Clock) -> None:
        self.name = poller.source.name
        self.every_s = poller.source.every_s
        self._poller = poller
        self._report = report
        self._clock = clock

    def first_wait_s(self) -> float:
        """Keep the interval over a restart, unless an answer waits to be delivered."""
        state = self._poller.state
        if state.succeeded_at is None or state.pending is not None:
            return 0
        due = state.succeeded_at + timedelta(seconds=self.every_s)
        return min(max(0.0, (due - self._clock.now()).total_seconds()), self.every_s)

    def settle_s(self) -> float:
        """Return 0: an answer is whole."""
        return 0

    async def round(self) -> None:
        """Poll once."""
        counts = await self._poller.poll()
        if counts.messages:
            self._report.took(self.name, "answer", counts)
        else:
            self._report.unchanged(self.name, "nothing new")


class FolderConnector:
    """A folder as a connector."""

    def __init__(self, taker: FolderTaker) -> None:
        self.name = taker.source.name
        self.every_s = taker.source.every_s
        self._taker = taker

    def first_wait_s(self) -> float:
        """Return 0: looking costs nothing."""
        return 0

    def settle_s(self) -> float:
        """Return how long a file must stay as it is, where the last round saw one that has not yet."""
        return self._taker.source.settle_s if self._taker.has_unsettled else 0

    async def round(self) -> None:
        """Take the files that are complete."""
        await self._taker.take()
