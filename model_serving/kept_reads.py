"""What is read online by id and kept for up to a minute."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from random import uniform
from time import monotonic
from typing import Generic, TypeVar

from contracts.errors import OnlineStoreUnavailableError
from contracts.stages import stage
from model_serving.circuit_breaker import CircuitBreaker

# The batch writes these values once a day, so a minute makes no answer older, and spares most requests the read. Of
# what was read at once not all grows old at once: else one request in a minute would read it all again.
_KEPT_S = 30.0, 60.0

Value = TypeVar("Value")


class KeptReads(Generic[Value]):
    """Values by id, ``unknown`` until they were read; while the store is away, those that were read last.

    ``read`` returns the value of each id and raises ``OnlineStoreUnavailableError``. With more than ``most_kept``
    values it begins anew, which bounds the memory.
    """

    def __init__(
        self,
        read: Callable[[Sequence[str]], list[Value]],
        unknown: Value,
        most_kept: int,
        now_s: Callable[[], float] = monotonic,
    ) -> None:
        self._read_now = read
        self._most_kept = most_kept
        self._now_s = now_s
        self._never_read = (0.0, unknown)
        self._breaker = CircuitBreaker(now_s)
        self._kept: dict[str, tuple[float, Value]] = {}

    @property
    def is_away(self) -> bool:
        """Whether the store did not answer just now."""
        return self._breaker.is_open

    def of(self, ids: Sequence[str]) -> dict[str, Value]:
        """Return the value of each id."""
        now_s, kept, never = self._now_s(), self._kept, self._never_read
        aged = [each for each in ids if kept.get(each, never)[0] <= now_s]
        if aged and self._breaker.admit():
            self._read(aged, now_s)
            kept = self._kept
        return {each: kept.get(each, never)[1] for each in ids}

    def kept(self, ids: Iterable[str]) -> dict[str, Value] | None:
        """Return the value of each id without ever waiting; None where one would have to be read."""
        now_s, kept, never = self._now_s(), self._kept, self._never_read
        values = {each: kept.get(each, never) for each in ids}
        if any(until_s <= now_s for until_s, _ in values.values()):
            return None
        return {each: value for each, (_, value) in values.items()}

    def _read(self, ids: Sequence[str], now_s: float) -> None:
        try:
            with stage("facts"):
                values = self._read_now(ids)
        except OnlineStoreUnavailableError:
            self._breaker.fail()
            return
        self._breaker.succeed()
        if len(self._kept) > self._most_kept:
            self._kept = {}
        for each, value in zip(ids, values, strict=True):
            self._kept[each] = now_s + uniform(*_KEPT_S), value  # noqa: S311 - no secret
