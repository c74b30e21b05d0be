"""Memory for the requests in progress: what does not fit is turned away before it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class NoRoomError(Exception):
    """The requests in progress take all the memory that they may."""


class Room:
    """At most ``capacity`` bytes of bodies at once. For one event loop only, not for threads."""

    def __init__(self, capacity: int) -> None:
        self._free = capacity

    @contextmanager
    def visit(self) -> Iterator[Callable[[int], None]]:
        """Yield a function that takes so many bytes more, or raises ``NoRoomError``; all are given back at the end."""
        taken = 0

        def take(size: int) -> None:
            nonlocal taken
            if size > self._free:
                raise NoRoomError
            self._free -= size
            taken += size

        try:
            yield take
        finally:
            self._free += taken
