"""Whether a store may be asked: after a failure not for a second, then by one request, and by all once that got it."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

# An outage costs one request a second its time-out, and not every request.
_REST_S = 1.0


class CircuitBreaker:
    """Open while the store did not answer just now; requests go on without it."""

    def __init__(self, now_s: Callable[[], float] = monotonic) -> None:
        self._now_s = now_s
        self._failed = False
        self._resting_until_s = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the store is not to be asked."""
        return self._now_s() < self._resting_until_s

    def admit(self) -> bool:
        """Say whether this request may ask; where the store had failed, the others go on without meanwhile."""
        if self.is_open:
            return False
        if self._failed:
            self._resting_until_s = self._now_s() + _REST_S
        return True

    def fail(self) -> None:
        """Note that the store did not answer."""
        self._failed, self._resting_until_s = True, self._now_s() + _REST_S

    def succeed(self) -> None:
        """Note that it did."""
        self._failed, self._resting_until_s = False, 0.0
