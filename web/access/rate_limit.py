"""How many requests a second a client may make, over all processes of a server.

A process takes a twentieth of a client's second at a time from one counter in Redis, so that most requests ask
nobody. Without Redis each process counts for itself.
"""

from __future__ import annotations

from asyncio import Lock
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from anyio import to_thread

from contracts import Clock
from contracts.errors import OnlineStoreUnavailableError
from web.access.clients import Client

_PARTS = 20
_REST_S = 1.0


class SharedCounter(Protocol):
    """Counters that all processes share, each for one second."""

    def add(self, name: str, second: int, count: int) -> int:
        """Add to a counter and return its sum; raises ``OnlineStoreUnavailableError``."""
        ...


@dataclass
class _Lease:
    """What this process has taken of one second of a client, and what of it is left."""

    second: int
    taken: int = 0
    left: int = 0
    is_spent: bool = False


class RateLimit:
    """Admits requests; for the coroutines of one event loop."""

    def __init__(self, counter: SharedCounter, clock: Clock) -> None:
        self._counter = counter
        self._clock = clock
        self._leases: dict[str, _Lease] = {}
        self._resting_until_s = 0.0
        self._taking = Lock()

    async def admits(self, client: Client) -> bool:
        """Say whether one more request of this second is within the client's share."""
        lease = self._lease(client.name)
        while not lease.left and not lease.is_spent:
            async with self._taking:
                if not lease.left and not lease.is_spent:
                    await self._take(client, lease)
        if lease.left:
            lease.left -= 1
            return True
        return False

    async def _take(self, client: Client, lease: _Lease) -> None:
        part = max(1, client.requests_per_s // _PARTS)
        room = client.requests_per_s - lease.taken
        if monotonic() >= self._resting_until_s:
            try:
                taken = await to_thread.run_sync(self._counter.add, client.name, lease.second, part)
                room = client.requests_per_s - (taken - part)
            except OnlineStoreUnavailableError:
                self._resting_until_s = monotonic() + _REST_S
        granted = max(0, min(part, room))
        lease.taken += granted
        lease.left += granted
        lease.is_spent = not granted

    def _lease(self, name: str) -> _Lease:
        second = int(self._clock.now().timestamp())
        lease = self._leases.get(name)
        if lease is None or lease.second != second:
            lease = self._leases[name] = _Lease(second)
        return lease
