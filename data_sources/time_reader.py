"""From a file's time text to an aware time in UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from data_sources.mapping import Time
from data_sources.unmapped_row import UnmappedRowError

_KEPT = 10_000  # neighbouring rows share their time
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_UNITS = {"epoch_s": timedelta(seconds=1), "epoch_ms": timedelta(milliseconds=1)}


def time_reader(time: Time) -> Callable[[str], datetime]:
    """Return the reader of a mapping's times; it raises ``UnmappedRowError`` for a text of another format."""
    parse = _parser(time)
    zone, days = ZoneInfo(time.zone), timedelta(days=time.plus_days)

    @lru_cache(_KEPT)
    def read(text: str) -> datetime:
        try:
            parsed = parse(text) + days
            return (parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            msg = f"{time.column} is {text[:80]!r}: expected a time as {time.format}"
            raise UnmappedRowError(msg) from None

    return read


def time_text(time: datetime) -> str:
    """Return a time in UTC as the contract writes it."""
    return time.isoformat().replace("+00:00", "Z")


def _parser(time: Time) -> Callable[[str], datetime]:
    if time.format in _EPOCH_UNITS:
        unit = _EPOCH_UNITS[time.format]
        return lambda text: _EPOCH + int(text) * unit
    return datetime.fromisoformat if time.format == "iso" else _by_format(time.format)


def _by_format(given: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, given)  # noqa: DTZ007 - the caller adds the zone
