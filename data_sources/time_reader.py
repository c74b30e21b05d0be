"""From a file's time text to an aware time in UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from data_sources.mapping import Time

_KEPT = 10_000  # neighbouring rows share their time
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_UNITS = {"epoch_s": timedelta(seconds=1), "epoch_ms": timedelta(milliseconds=1)}


def time_reader(time: Time) -> Callable[[str], datetime]:
    """Return the reader of a mapping's times; it raises ``ValueError`` for a text of another format."""
    if time.format in _EPOCH_UNITS:
        unit = _EPOCH_UNITS[time.format]
        return lambda text: _since_epoch(text, unit)
    parse = datetime.fromisoformat if time.format == "iso" else _by_format(time.format)
    zone = ZoneInfo(time.zone)

    @lru_cache(_KEPT)
    def read(text: str) -> datetime:
        parsed = parse(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)).astimezone(UTC)

    return read


def _by_format(given: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, given)  # noqa: DTZ007 - the caller adds the zone


def _since_epoch(text: str, unit: timedelta) -> datetime:
    try:
        return _EPOCH + int(text) * unit
    except OverflowError as error:
        raise ValueError(text) from error
