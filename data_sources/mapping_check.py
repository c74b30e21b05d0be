"""Does a mapping fit its contract and its file? Asked before the first row is read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NoReturn

from contracts.errors import InvalidMappingError
from contracts.events import load_schema
from contracts.topics import TOPICS, Topic
from data_sources.line_totals import TOTAL
from data_sources.mapping import EventType, Mapping, Value, Values

# Replay fills in the envelope itself, and lines have their own part in a mapping.
_NOT_MAPPED = {"event_id", "event_type", "schema_version", "occurred_at", "producer", "lines"}
# What a value can be, by the JSON type of its definition in the common schema. A list is more than a column holds.
_TEXT, _WHOLE_NUMBER, _NUMBER = "string", "integer", "number"
_TIME = "date-time"
_UNIT_PRICE = "unit_price"


def check_contract(mapping: Mapping) -> None:
    """Raise ``InvalidMappingError`` unless every event type can be made and every field belongs to one of them."""
    topic_of_mapping(mapping)
    known = {name for event_type in mapping.event_types for name in event_contract(event_type).allowed}
    _require_known(mapping, "fields", mapping.fields, known)
    _require_known(mapping, "lines", mapping.lines, line_contract(mapping).allowed)
    for event_type in mapping.event_types:
        _require_complete(mapping, event_type)
    for event_type in mapping.event_types:
        _require_fitting_values(mapping, "fields", mapping.fields, event_contract(event_type))
    _require_fitting_values(mapping, "lines", mapping.lines, line_contract(mapping))
    _require_fitting_grain(mapping)


def check_header(mapping: Mapping, header: list[str], file: str) -> None:
    """Raise ``InvalidMappingError`` unless the file has every column that the mapping names, and has it once."""
    for place, column in columns_of(mapping):
        if header.count(column) != 1:
            problem = "appears more than once" if column in header else "is not there"
            msg = (
                f"{mapping.source}: {place}: column {column!r} {problem} in {file}: its columns are {', '.join(header)}"
            )
            raise InvalidMappingError(msg)


def columns_of(mapping: Mapping) -> list[tuple[str, str]]:
    """Return (place in the mapping, column) of every column it names."""
    found = [("key", column) for column in mapping.key_columns] + [("time.column", mapping.time.column)]
    if isinstance(mapping.event_type, EventType):
        found.append(("event_type.column", mapping.event_type.column))
    for part, values in (("fields", mapping.fields), ("lines", mapping.lines)):
        found += [(f"{part}.{name}", value.source_column) for name, value in values.items() if value.source_column]
    return found


def topic_of_mapping(mapping: Mapping) -> Topic:
    """Return the one topic that carries the mapping's events; raises ``InvalidMappingError``."""
    known = [each for topic in TOPICS for each in topic.event_types if event_contract(each).can_be_mapped]
    for event_type in mapping.event_types:
        if event_type not in known:
            _fail(mapping, "event_type", f"{event_type!r} is unknown: expected one of {', '.join(known)}")
    topics = [topic for topic in TOPICS if set(mapping.event_types) & set(topic.event_types)]
    if len(topics) > 1:
        names = " and ".join(topic.name for topic in topics)
        _fail(mapping, "event_type", f"the types belong on the topics {names}: expected those of one topic")
    return topics[0]


@dataclass(frozen=True)
class Contract:
    """What a mapping may set (of an event type, or of a line), what it must, and what is a number or a time."""

    allowed: frozenset[str]
    required: frozenset[str]
    whole_numbers: frozenset[str]
    numbers: frozenset[str]
    times: frozenset[str]
    has_lines: bool = False

    @property
    def can_be_mapped(self) -> bool:
        """Whether columns can hold everything that an event must have."""
        return self.required <= self.allowed


@cache
def event_contract(event_type: str) -> Contract:
    """Return the contract of an event type beside its envelope and lines."""
    return _contract(load_schema(f"{event_type}.v1"))


def line_contract(mapping: Mapping) -> Contract:
    """Return the contract of one line; a mapping that gives its total gives no unit price."""
    contract = _contract(load_schema("common.v1")["$defs"]["line"])
    if TOTAL not in mapping.lines:
        return contract
    given, instead = frozenset((TOTAL,)), frozenset((_UNIT_PRICE,))
    return replace(contract, allowed=contract.allowed - instead | given, required=contract.required - instead | given)


def values_for(values: Values, event_type: str, contract: Contract) -> dict[str, Value]:
    """Return the part of ``values`` that goes into events of one type."""
    return {
        name: value
        for name, value in values.items()
        if name in contract.allowed and (not value.only_for or event_type in value.only_for)
    }


def _contract(schema: dict[str, Any]) -> Contract:
    parts = {name: _definition(part) for name, part in schema["properties"].items() if name not in _NOT_MAPPED}
    # One of named values is a text.
    types = {name: part.get("type", _TEXT) for name, part in parts.items()}
    texts, whole_numbers, numbers = (
        frozenset(name for name, kind in types.items() if kind == wanted) for wanted in (_TEXT, _WHOLE_NUMBER, _NUMBER)
    )
    times = frozenset(name for name, part in parts.items() if part.get("format") == _TIME)
    required = frozenset(schema["required"]) - _NOT_MAPPED
    return Contract(
        texts | whole_numbers | numbers, required, whole_numbers, numbers, times, "lines" in schema["properties"]
    )


def _definition(part: dict[str, Any]) -> dict[str, Any]:
    """Return what a reference to the common schema stands for."""
    found: dict[str, Any] = load_schema("common.v1")["$defs"][part["$ref"].rpartition("/")[2]]
    return found


def _require_known(mapping: Mapping, part: str, values: Values, known: Collection[str]) -> None:
    for name in values:
        if name not in known:
            types = ", ".join(mapping.event_types)
            _fail(mapping, f"{part}.{name}", f"{types} has no such field: expected one of {', '.join(sorted(known))}")


def _require_complete(mapping: Mapping, event_type: str) -> None:
    contract = event_contract(event_type)
    parts = [("fields", mapping.fields, contract)]
    if contract.has_lines:
        parts.append(("lines", mapping.lines, line_contract(mapping)))
    for part, values, needed in parts:
        missing = needed.required - set(values_for(values, event_type, needed))
        if missing:
            _fail(mapping, part, f"{event_type} needs {', '.join(sorted(missing))}")


def _require_fitting_values(mapping: Mapping, part: str, values: Values, contract: Contract) -> None:
    for name, value in values.items():
        place, is_number = f"{part}.{name}", name in contract.whole_numbers | contract.numbers
        for event_type in (*value.only_for, *value.negate_for):
            if event_type not in mapping.event_types:
                _fail(mapping, place, f"{event_type!r} is not among {', '.join(mapping.event_types)}")
        if name not in contract.allowed:
            continue
        if value.constant is not None and is_number != isinstance(value.constant, int):
            expected = "a whole number" if is_number else "a text in quotes"
            _fail(mapping, place, f"constant is {value.constant!r}: expected {expected}")
        if value.negate_for and name not in contract.whole_numbers:
            _fail(mapping, place, "negate_for is for whole numbers")
        if value.time and name not in contract.times:
            _fail(mapping, place, "time is for fields that hold a time, such as starts_at")


def _require_fitting_grain(mapping: Mapping) -> None:
    if mapping.grain == "group" and not mapping.key_columns:
        _fail(mapping, "key", "grain group needs one or more columns, such as [InvoiceNo]")
    if mapping.grain == "group" and not mapping.lines:
        _fail(mapping, "lines", "grain group makes one event of many rows: expected lines, one from each row")


def _fail(mapping: Mapping, place: str, problem: str) -> NoReturn:
    msg = f"{mapping.source}: {place}: {problem}"
    raise InvalidMappingError(msg)
