"""A sample of what was read online, as JSON lines in files of bounded size: to be compared with the lake."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

EVENT_TIMESTAMP = "event_timestamp"
# Two files of this size at most: the newer one, and the one before it.
_MOST_BYTES = 8 * 2**20


@dataclass(frozen=True)
class LoggedRead:
    """One entity read at ``read_at``: its features with ``event_timestamp``, or None where there were none."""

    view: str
    entity_id: str
    read_at: datetime
    features: dict[str, Any] | None


class ReadLog:
    """The files ``path`` and ``path.1``. Safe between threads and processes: a line is one write."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = path.with_name(f"{path.name}.1")

    def append(self, reads: Sequence[LoggedRead]) -> None:
        """Add lines; when the file is full it takes the place of the one before. Raises ``OSError``."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, b"".join(orjson.dumps(read) + b"\n" for read in reads))
            full = os.fstat(file).st_size > _MOST_BYTES
        finally:
            os.close(file)
        if full:
            self._path.replace(self._before)

    def read(self) -> list[LoggedRead]:
        """Return all that is kept, oldest first; a line that a crash cut is left out."""
        return [LoggedRead(**line | {"read_at": datetime.fromisoformat(line["read_at"])}) for _, line in self._lines()]

    def naming(self, ids: Collection[str]) -> int:
        """Return how many lines are of one of the ids or hold one."""
        return sum(_names(line, ids) for _, line in self._lines())

    def erase(self, ids: Collection[str]) -> None:
        """Drop those lines; reads that are logged meanwhile may be lost too."""
        kept = b"".join(raw + b"\n" for raw, line in self._lines() if not _names(line, ids))
        fresh = self._path.with_name(f"{self._path.name}.new")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(kept)
        fresh.replace(self._path)
        self._before.unlink(missing_ok=True)

    def _lines(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        for path in (self._before, self._path):
            for raw in path.read_bytes().splitlines() if path.exists() else []:
                try:
                    yield raw, orjson.loads(raw)
                except orjson.JSONDecodeError:
                    continue


def _names(line: Mapping[str, Any], ids: Collection[str]) -> bool:
    features = line["features"] or {}
    values = [value for value in features.values() if isinstance(value, str)]
    return not {line["entity_id"], *values}.isdisjoint(ids)
