"""A file of real events as messages for the bus: one event per row, or one per group of rows."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from contracts import Clock, Message
from contracts.topics import MAPPING_ERROR_HEADER, PRODUCER_HEADER, SOURCE_FILE_HEADER, SOURCE_LINE_HEADER
from data_sources.mapping import Mapping
from data_sources.mapping_check import check_contract, check_header, topic_of_mapping
from data_sources.row_mapping import RowMapping
from data_sources.source import Source, SourceRow
from data_sources.time_reader import time_text
from data_sources.unmapped_row import UnmappedRowError

_SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Replayed:
    """One message: an event of ``rows`` rows, the first of them at ``line``, or a raw row with ``mapping_error``.

    ``line`` counts what the source's ``unit`` says: lines, or the rows of a file without lines.
    """

    message: Message
    line: int
    rows: int = 1
    occurred_at: datetime | None = None
    mapping_error: str = ""


@dataclass(slots=True)
class _Group:
    """The rows of one key so far. Their lines are kept as JSON text: dictionaries would take ten times the memory."""

    line: int
    occurred_at: datetime
    event: dict[str, Any]
    rows: int = 0
    lines: bytearray = field(default_factory=bytearray)


class _Replay:
    """Makes the messages of one file by one mapping: the same file gives the same messages."""

    def __init__(self, file_name: str, mapping: Mapping, header: list[str], by: str) -> None:
        self._mapping = mapping
        self._rows = RowMapping(mapping, header)
        self._topic = topic_of_mapping(mapping)
        self._sender = f"{by}:{mapping.name}"
        self._headers = (
            (PRODUCER_HEADER, self._sender.encode()),
            (SOURCE_FILE_HEADER, file_name.encode(errors="replace")),
        )

    def events(self, rows: Iterable[SourceRow]) -> Iterator[Replayed]:
        """Yield one message per row, in file order."""
        for row in rows:
            try:
                yield self._event_of(row)
            except UnmappedRowError as error:
                yield self._unmapped(row, str(error))

    def grouped_events(self, rows: Iterable[SourceRow]) -> Iterator[Replayed]:
        """Yield rows that cannot be mapped as they are met, then one event per group by its earliest time."""
        groups: dict[str, _Group] = {}
        for row in rows:
            try:
                self._add(row, groups)
            except UnmappedRowError as error:
                yield self._unmapped(row, str(error))
        for group in sorted(groups.values(), key=lambda group: group.occurred_at):
            lines = orjson.Fragment(bytes(group.lines + b"]"))
            event = group.event | {"occurred_at": time_text(group.occurred_at), "lines": lines}
            yield self._replayed(event, group.occurred_at, group.line, group.rows)

    def _event_of(self, row: SourceRow) -> Replayed:
        self._check(row)
        cells = row.cells
        event_type = self._rows.event_type(cells)
        readers = self._rows.readers(event_type)
        event_id = self._event_id(self._rows.key(cells) or row.raw.decode("latin-1"))
        occurred_at = self._rows.occurred_at(cells)
        event = self._envelope(event_id, event_type, occurred_at) | readers.fields(cells, event_id)
        if lines := readers.lines(cells, event_id):
            event["lines"] = lines
        return self._replayed(event, occurred_at, row.line, 1)

    def _add(self, row: SourceRow, groups: dict[str, _Group]) -> None:
        """Put the row into its group; the first row gives all but time and lines. A bad row changes nothing."""
        self._check(row)
        key, occurred_at = self._rows.key(row.cells), self._rows.occurred_at(row.cells)
        group = groups.get(key) or self._group(key, row, occurred_at)
        event_id, event_type = group.event["event_id"], group.event["event_type"]
        lines = self._rows.readers(event_type).lines(row.cells, event_id)
        group.lines += (b"," if group.rows else b"[") + orjson.dumps(lines)[1:-1]
        group.rows += 1
        group.occurred_at = min(group.occurred_at, occurred_at)
        groups[key] = group

    def _group(self, key: str, row: SourceRow, occurred_at: datetime) -> _Group:
        event_id, event_type = self._event_id(key), self._rows.event_type(row.cells)
        fields = self._rows.readers(event_type).fields(row.cells, event_id)
        return _Group(row.line, occurred_at, self._envelope(event_id, event_type, occurred_at) | fields)

    def _check(self, row: SourceRow) -> None:
        if row.error:
            raise UnmappedRowError(row.error)
        self._rows.check_width(row.cells)

    def _event_id(self, key: str) -> str:
        return str(uuid.uuid5(self._mapping.namespace, key))

    def _envelope(self, event_id: str, event_type: str, occurred_at: datetime) -> dict[str, Any]:
        return {
            "event_id": event_id,
            "event_type": event_type,
            "schema_version": _SCHEMA_VERSION,
            "occurred_at": time_text(occurred_at),
            "producer": self._sender,
        }

    def _replayed(self, event: dict[str, Any], occurred_at: datetime, line: int, rows: int) -> Replayed:
        key = event[self._topic.key_field].encode()
        message = Message(self._topic.name, key, orjson.dumps(event), self._headers_at(line))
        return Replayed(message, line, rows, occurred_at)

    def _unmapped(self, row: SourceRow, error: str) -> Replayed:
        headers = (*self._headers_at(row.line), (MAPPING_ERROR_HEADER, error.encode(errors="replace")))
        return Replayed(Message(self._topic.name, None, row.raw, headers), row.line, mapping_error=error)

    def _headers_at(self, line: int) -> tuple[tuple[str, bytes], ...]:
        return (*self._headers, (SOURCE_LINE_HEADER, str(line).encode()))


def replay(source: Source, mapping: Mapping, by: str = "replay") -> Iterator[Replayed]:
    """Check mapping and file against each other, then return the messages; nothing is read ahead but groups.

    ``by`` names the program in the events' producer; ids do not depend on it.
    Raises ``InvalidMappingError`` and ``InvalidSourceFileError``, the latter also while the messages are taken.
    """
    check_contract(mapping)
    header = source.header()
    check_header(mapping, header, source.path.name)
    messages = _Replay(source.path.name, mapping, header, by)
    return messages.grouped_events(source.rows()) if mapping.grain == "group" else messages.events(source.rows())


def at_speed(
    messages: Iterable[Replayed], factor: float, clock: Clock, sleep: Callable[[float], object]
) -> Iterator[Replayed]:
    """Yield each message when its time has come, ``factor`` times as fast as in the file.

    One whose time lies before the first one's, or that has none, comes at once.
    """
    started, first = clock.now(), None
    for each in messages:
        if each.occurred_at is not None:
            first = first or each.occurred_at
            wait = started + (each.occurred_at - first) / factor - clock.now()
            if wait.total_seconds() > 0:
                sleep(wait.total_seconds())
        yield each
