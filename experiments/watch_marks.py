"""Marks by which servers know that somebody watches over a canary: without a fresh one they do not show it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import AwareDatetime, TypeAdapter

from contracts import Clock
from contracts.errors import RetryableError

_MARKS = TypeAdapter(dict[str, AwareDatetime])
# So long after it was last seen to be well a canary may go on.
_FRESH_FOR = timedelta(seconds=30)


class WatchMarks:
    """One file, replaced whole: of each canary, when it was last seen to be well."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock

    def renew(self, well: Iterable[str]) -> None:
        """Mark canaries as well now; raises ``RetryableError`` where the file cannot be written."""
        others = {name: marked for name, marked in self._read().items() if self._is_fresh(marked)}
        marks = others | dict.fromkeys(well, self._clock.now())
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(_MARKS.dump_json(marks))
            fresh.replace(self._path)
        except OSError as error:
            msg = f"cannot write {self._path}: {error.strerror}"
            raise RetryableError(msg) from error

    def is_fresh(self, name: str) -> bool:
        """Say whether a canary was seen to be well within the last half minute."""
        marked = self._read().get(name)
        return marked is not None and self._is_fresh(marked)

    def _is_fresh(self, marked: datetime) -> bool:
        return abs(self._clock.now() - marked) <= _FRESH_FOR

    def _read(self) -> dict[str, datetime]:
        """Return no marks where none can be read: what is not known to be well is not."""
        try:
            return _MARKS.validate_json(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
