"""Simulated time: whole milliseconds since the epoch, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ms_of(time: datetime) -> int:
    """Return an aware time in milliseconds since the epoch."""
    return (time - _EPOCH) // timedelta(milliseconds=1)


def time_text(at_ms: int) -> str:
    """Return a time (ms since the epoch) as an RFC 3339 text in UTC."""
    second, ms = divmod(at_ms, 1000)
    return f"{_second_text(second)}.{ms:03d}Z"


@lru_cache(maxsize=64)
def _second_text(second: int) -> str:
    return (_EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S")
