"""Waits for Redis: full, read-only, loading or gone, it is asked again until it does as told."""

from __future__ import annotations

import re
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from redis.exceptions import RedisError

from stream_processing.live.report import LiveReport

# Redis tells of the script's line before it says what is wrong.
_WHERE = re.compile(r"^Error running script.*@user_script: ?\d+: -?", re.DOTALL)
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0

T = TypeVar("T")


class StoppedError(Exception):
    """The process is to end while it waits."""


class Patience:
    """Repeats what fails because of Redis, with back-off; says the first failure and the end of it."""

    def __init__(self, place: str, report: LiveReport, stop: Event) -> None:
        self._place = place
        self._report = report
        self._stop = stop

    def __call__(self, action: Callable[[], T]) -> T:
        """Return what ``action`` returns; raises ``StoppedError`` where the process is to end before."""
        pause_s = 0.0
        while True:
            try:
                done = action()
            except RedisError as error:
                if not pause_s:
                    self._report.store_gone(self._place, _WHERE.sub("", str(error)))
                pause_s = min(max(2 * pause_s, _FIRST_PAUSE_S), _LONGEST_PAUSE_S)
                if self._stop.wait(pause_s):
                    raise StoppedError from error
            else:
                if pause_s:
                    self._report.store_back(self._place)
                return done
