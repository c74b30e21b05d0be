"""What visitors have done so far, as bytes to compare: one read for all who ask while another read is under way."""

from __future__ import annotations

from asyncio import Lock, Task, create_task, shield
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Protocol

from anyio import CapacityLimiter, to_thread

from contracts.errors import OnlineStoreUnavailableError
from model_serving.circuit_breaker import CircuitBreaker


class VersionStore(Protocol):
    """Reads versions of visitors."""

    def of(self, visitor_ids: Sequence[str]) -> list[bytes]:
        """Return bytes that are equal for as long as a visitor does nothing; raises ``OnlineStoreUnavailableError``."""
        ...


class VisitorVersions:
    """For the coroutines of one event loop."""

    def __init__(self, store: VersionStore, now_s: Callable[[], float] = monotonic) -> None:
        self._store = store
        self._breaker = CircuitBreaker(now_s)
        self._reading = Lock()
        # Requests that compute must not keep those that only compare from a thread.
        self._thread = CapacityLimiter(1)
        self._wanted: list[str] = []
        self._next: Task[Mapping[str, bytes]] | None = None

    async def of(self, visitor_id: str) -> bytes | None:
        """Return the version of a visitor, None while the store is away."""
        if self._breaker.is_open:
            return None
        self._wanted.append(visitor_id)
        if self._next is None:
            self._next = create_task(self._read())
        # Whoever hangs up does not end the read of the others.
        return (await shield(self._next)).get(visitor_id)

    async def _read(self) -> Mapping[str, bytes]:
        async with self._reading:
            visitor_ids, self._wanted, self._next = list(dict.fromkeys(self._wanted)), [], None
            versions = await to_thread.run_sync(self._versions, visitor_ids, limiter=self._thread)
        return dict(zip(visitor_ids, versions, strict=True)) if versions else {}

    def _versions(self, visitor_ids: Sequence[str]) -> Sequence[bytes]:
        if not self._breaker.admit():
            return []
        try:
            versions = self._store.of(visitor_ids)
        except OnlineStoreUnavailableError:
            self._breaker.fail()
            return []
        self._breaker.succeed()
        return versions
