"""Impressions that the broker did not take, on disk until it does."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import orjson

from contracts import Event

_LOG = logging.getLogger(__name__)
# About half a million impressions.
_CAPACITY_BYTES = 256 * 1024 * 1024
_SUFFIX = ".jsonl"


class ImpressionSpool:
    """Batches of events, a file each, which is there whole or not at all; together at most ``capacity_bytes``.

    Several processes may share ``directory``: two that send the same batch do no harm, as an event counts once by its
    id.
    """

    def __init__(self, directory: Path, capacity_bytes: int = _CAPACITY_BYTES) -> None:
        self._directory = directory
        self._capacity = capacity_bytes

    @property
    def batches(self) -> list[Path]:
        """The batches that wait, the oldest first."""
        return sorted(self._directory.glob(f"*{_SUFFIX}"))

    def put(self, events: Sequence[Event]) -> bool:
        """Keep a batch; False where the spool, or the disk, is full."""
        content = b"".join(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE) for event in events)
        place = self._directory / f"{time.time_ns():020}-{uuid4().hex}{_SUFFIX}"
        unfinished = place.with_suffix(".part")
        try:
            if self._bytes() + len(content) > self._capacity:
                return False
            self._directory.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(content)
            unfinished.rename(place)
        except OSError as error:
            _LOG.warning("impressions cannot be spooled in %s: %s", self._directory, error)
            return False
        return True

    def read(self, batch: Path) -> tuple[list[Event], int]:
        """Return a batch's events, and how many of its lines are no event: a loss of power may cut a file."""
        try:
            lines = batch.read_bytes().splitlines()
        except FileNotFoundError:
            return [], 0
        events = [event for line in lines if (event := _event(line)) is not None]
        return events, len(lines) - len(events)

    def remove(self, batch: Path) -> None:
        """Forget a batch; one that is gone already is as good."""
        batch.unlink(missing_ok=True)

    def _bytes(self) -> int:
        sizes = 0
        for batch in self.batches:
            try:
                sizes += batch.stat().st_size
            except FileNotFoundError:  # another process has sent it
                continue
        return sizes


def _event(line: bytes) -> Event | None:
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return event if isinstance(event, dict) else None
