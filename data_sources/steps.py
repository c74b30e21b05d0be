"""What the simulated shop's parts hand to each other: events to be, and the numbers in their ids."""

from __future__ import annotations

from typing import Any, NamedTuple


class Step(NamedTuple):
    """One event to be: its time (ms since the epoch), its type, and its fields beyond the envelope."""

    at_ms: int
    event_type: str
    fields: dict[str, Any]


class Numbers:
    """Hands out ids that no other run uses: ``<kind>-<run>-<number>``."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._last: dict[str, int] = {}

    def next(self, kind: str) -> str:
        """Return the next id of that kind (one letter)."""
        number = self._last[kind] = self._last.get(kind, 0) + 1
        return f"{kind}-{self._run}-{number:07d}"
