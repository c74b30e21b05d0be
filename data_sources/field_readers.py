"""A mapping's values compiled for one file and one event type: from the cells of a row to contract fields."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from data_sources.line_totals import TOTAL, priced
from data_sources.mapping import Mapping, Time, Value, Values
from data_sources.mapping_check import Contract, event_contract, line_contract, values_for
from data_sources.time_reader import time_reader, time_text
from data_sources.unmapped_row import UnmappedRowError

Cells = list[str]
# From the cells of a row and the event's id to a value; None where there is none.
_Reader = Callable[[Cells, str], str | int | float | None]
_WHOLE_NUMBER = re.compile(r"-?\d{1,18}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")


class FieldReaders:
    """Reads the fields, and the lines, that a row gives to events of one type."""

    def __init__(self, mapping: Mapping, event_type: str, header: Cells) -> None:
        self._event_type = event_type
        self._index = {column: position for position, column in enumerate(header)}
        contract = event_contract(event_type)
        self._fields = self._compiled(mapping.fields, contract)
        self._line = self._compiled(mapping.lines, line_contract(mapping)) if contract.has_lines else []

    def fields(self, cells: Cells, event_id: str) -> dict[str, Any]:
        """Return the event's fields beside envelope and lines; raises ``UnmappedRowError``."""
        return _read(self._fields, cells, event_id)

    def lines(self, cells: Cells, event_id: str) -> list[dict[str, Any]]:
        """Return the row's line (two where its total has to be shared), or none; raises ``UnmappedRowError``."""
        if not self._line:
            return []
        line = _read(self._line, cells, event_id)
        return priced(line) if TOTAL in line else [line]

    def _compiled(self, values: Values, contract: Contract) -> list[tuple[str, _Reader]]:
        chosen = values_for(values, self._event_type, contract)
        return [(name, self._reader(name, value, contract)) for name, value in chosen.items()]

    def _reader(self, name: str, value: Value, contract: Contract) -> _Reader:
        if value.derived:
            return lambda _cells, event_id: event_id
        if value.constant is not None:
            return lambda _cells, _event_id: value.constant
        read = self._column_reader(value)
        if name in contract.required:
            read = _required(read, value.source_column)
        if name in contract.whole_numbers:
            read = _whole_number(read, value, negated=self._event_type in value.negate_for)
        elif name in contract.numbers:
            read = _number(read, value.column)
        return read

    def _column_reader(self, value: Value) -> _Reader:
        position = self._index[value.source_column]
        return _time(value.time, position) if value.time else _text(value, position)


def _read(readers: list[tuple[str, _Reader]], cells: Cells, event_id: str) -> dict[str, Any]:
    found = {}
    for name, reader in readers:
        value = reader(cells, event_id)
        if value is not None:
            found[name] = value
    return found


def _text(value: Value, position: int) -> _Reader:
    if value.values:
        return lambda cells, _: value.values.get(cells[position])
    if value.drop_suffix:
        return lambda cells, _: cells[position].removesuffix(value.drop_suffix) or None
    return lambda cells, _: cells[position] or None


def _time(time: Time, position: int) -> _Reader:
    read = time_reader(time)
    return lambda cells, _: time_text(read(cells[position])) if cells[position] else None


def _required(read: _Reader, column: str) -> _Reader:
    def reader(cells: Cells, event_id: str) -> str | int | float:
        value = read(cells, event_id)
        if value is None:
            msg = f"{column} has no value that can be used"
            raise UnmappedRowError(msg)
        return value

    return reader


def _whole_number(read: _Reader, value: Value, *, negated: bool) -> _Reader:
    def reader(cells: Cells, event_id: str) -> int | None:
        text = read(cells, event_id)
        if text is None:
            return None
        if not _WHOLE_NUMBER.fullmatch(str(text)):
            msg = f"{value.column} is {text!r}: expected a whole number"
            raise UnmappedRowError(msg)
        return -int(text) if negated else int(text)

    return reader


def _number(read: _Reader, column: str) -> _Reader:
    def reader(cells: Cells, event_id: str) -> float | None:
        text = read(cells, event_id)
        if text is None:
            return None
        number = float(text) if _NUMBER.fullmatch(str(text)) else math.inf
        if not math.isfinite(number):
            msg = f"{column} is {text!r}: expected a number"
            raise UnmappedRowError(msg)
        return number

    return reader
