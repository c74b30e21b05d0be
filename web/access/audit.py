"""Who changed who may call a server, or what it serves: one JSON line for each act, never a key."""

from __future__ import annotations

import os
from getpass import getuser
from pathlib import Path

import orjson

from contracts import Clock

_SECRET = 0o600


class Audit:
    """Appends to ``file``; lines are never changed."""

    def __init__(self, file: Path, clock: Clock) -> None:
        self._file = file
        self._clock = clock

    def note(self, act: str, **details: str | int | list[str]) -> None:
        """Add one act of the user who runs this process."""
        line = {"at": self._clock.now(), "by": getuser(), "act": act} | details
        self._file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _SECRET)
        with os.fdopen(descriptor, "ab") as file:
            file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))
