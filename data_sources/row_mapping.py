"""A mapping compiled for the header of one file: what one row says."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from fnmatch import translate
from functools import lru_cache

from data_sources.field_readers import Cells, FieldReaders
from data_sources.mapping import EventType, Mapping
from data_sources.time_reader import time_reader
from data_sources.unmapped_row import UnmappedRowError

_TYPES_KEPT = 10_000
_KEY_SEPARATOR = "\x1f"


class RowMapping:
    """Reads key, time, event type and fields of a row; each raises ``UnmappedRowError`` where a cell does not fit."""

    def __init__(self, mapping: Mapping, header: Cells) -> None:
        self._header = header
        self._time = header.index(mapping.time.column)
        self._read_time = time_reader(mapping.time)
        self._key = [header.index(column) for column in mapping.key_columns]
        self._event_type = _event_type_reader(mapping.event_type, header)
        self._readers = {each: FieldReaders(mapping, each, header) for each in mapping.event_types}

    def check_width(self, cells: Cells) -> None:
        """Refuse a row with more or fewer cells than the header."""
        if len(cells) != len(self._header):
            msg = f"{len(cells)} columns: expected {len(self._header)}"
            raise UnmappedRowError(msg)

    def key(self, cells: Cells) -> str:
        """Return the texts of the key's columns, none of which may be empty."""
        for position in self._key:
            if not cells[position]:
                msg = f"{self._header[position]} is empty: it is the key"
                raise UnmappedRowError(msg)
        return _KEY_SEPARATOR.join(cells[position] for position in self._key)

    def occurred_at(self, cells: Cells) -> datetime:
        """Return the row's time in UTC."""
        return self._read_time(cells[self._time])

    def event_type(self, cells: Cells) -> str:
        """Return the row's event type."""
        return self._event_type(cells)

    def readers(self, event_type: str) -> FieldReaders:
        """Return what reads the fields of events of one type."""
        return self._readers[event_type]


def _event_type_reader(given: EventType | str, header: Cells) -> Callable[[Cells], str]:
    if isinstance(given, str):
        return lambda _cells: given
    position = header.index(given.column)
    patterns = [(re.compile(translate(pattern)), event_type) for pattern, event_type in given.values.items()]

    @lru_cache(_TYPES_KEPT)
    def of_text(text: str) -> str | None:
        return next((event_type for pattern, event_type in patterns if pattern.match(text)), None)

    def of_row(cells: Cells) -> str:
        event_type = of_text(cells[position])
        if event_type is None:
            msg = f"{given.column} is {cells[position][:80]!r}: expected one of {', '.join(given.values)}"
            raise UnmappedRowError(msg)
        return event_type

    return of_row
