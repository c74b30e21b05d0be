"""What a running job says of itself, for the stack and the demo."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import orjson

from contracts.errors import RetryableError
from deployment.settings import Settings


class StateFile:
    """``<run_dir>/<job>.json``: what the running process does."""

    def __init__(self, settings: Settings, job: str) -> None:
        self._path = settings.run_dir / f"{job}.json"

    def write(self, state: Mapping[str, Any]) -> None:
        """Replace the file in one step, so that a reader never sees half of it; raises ``RetryableError``."""
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(orjson.dumps({"pid": os.getpid(), **state}))
            fresh.replace(self._path)
        except OSError as error:
            msg = f"cannot write {self._path}: {error.strerror}"
            raise RetryableError(msg) from error

    def remove(self) -> None:
        """Take the file away: nothing runs any more."""
        self._path.unlink(missing_ok=True)
