"""From bytes to an event or a rejection: the one place where the contract is enforced.

Every reader and writer (simulator, replay, silver, collector) calls :func:`parse_event` or
:func:`check_event`, so that they cannot disagree about what a valid event is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

from contracts.topics import TOPICS, topic_of

Event = dict[str, Any]

_SCHEMAS = Path(__file__).parent / "schemas"
_COMMON_URI = "aisle:common.v1"
_LATEST_VERSION = {event_type: 1 for topic in TOPICS for event_type in topic.event_types}
_SHOWN_VALUE_LENGTH = 80
# Levels that orjson writes (it reads 1,024): one less than the validator bears.
_MAX_NESTING = 254


class Reason(StrEnum):
    """Why a message is not an event."""

    UNMAPPED_ROW = "unmapped_row"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    UNKNOWN_EVENT_TYPE = "unknown_event_type"
    UNKNOWN_SCHEMA_VERSION = "unknown_schema_version"
    WRONG_TOPIC = "wrong_topic"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    INVALID_VALUE = "invalid_value"


@dataclass(frozen=True)
class Rejection:
    """A bad message as a value: the reason, the field (a path such as ``lines/0/unit_price``) and a text."""

    reason: Reason
    field: str
    message: str


NESTS_TOO_DEEP = Rejection(Reason.INVALID_VALUE, "", f"expected at most {_MAX_NESTING} levels of lists and objects")


def parse_event(raw: bytes | None, topic: str | None) -> Event | Rejection:
    """Turn the bytes of one message on ``topic`` into an event, or say why they are none.

    Strict JSON in UTF-8: no NaN, no trailing bytes, at most 254 levels. None as ``topic``: any topic will do.
    """
    try:
        event = orjson.loads(raw or b"")
    except orjson.JSONDecodeError as error:
        return Rejection(Reason.NOT_JSON, "", f"expected one JSON object in UTF-8: {error}")
    if raw and _nests_too_deep(raw, event):
        return NESTS_TOO_DEEP
    return check_event(event, topic)


def check_event(event: object, topic: str | None = None) -> Event | Rejection:
    """Check a decoded message against its contract and, where ``topic`` is given, against that topic."""
    if not isinstance(event, dict):
        return Rejection(Reason.NOT_AN_OBJECT, "", f"expected a JSON object, got {_shown(event)}")
    event_type, version = event.get("event_type"), event.get("schema_version")
    for field, value in (("event_type", event_type), ("schema_version", version)):
        if value is None:
            return Rejection(Reason.MISSING_FIELD, field, f"{field} is missing")
    if not isinstance(event_type, str) or event_type not in _LATEST_VERSION:
        return Rejection(Reason.UNKNOWN_EVENT_TYPE, "event_type", f"event_type {_shown(event_type)} is unknown")
    latest = _LATEST_VERSION[event_type]
    if not isinstance(version, int) or version is True or not 1 <= version <= latest:
        message = f"schema_version {_shown(version)} of {event_type} is unknown: expected 1 to {latest}"
        return Rejection(Reason.UNKNOWN_SCHEMA_VERSION, "schema_version", message)
    if topic is not None and topic_of(event_type).name != topic:
        message = f"event_type {event_type} belongs on topic {topic_of(event_type).name}, not {topic}"
        return Rejection(Reason.WRONG_TOPIC, "event_type", message)
    checker = validator(event_type, version)
    return event if checker.is_valid(event) else _first_violation(checker, event)


def _nests_too_deep(raw: bytes, event: object) -> bool:
    if raw.count(b"[") + raw.count(b"{") <= _MAX_NESTING:
        return False
    try:
        orjson.dumps(event)
    except TypeError:
        return True
    return False


@cache
def validator(event_type: str, version: int) -> jsonschema_rs.Draft202012Validator:
    """Return the compiled JSON Schema of one event type and version."""
    schema = load_schema(f"{event_type}.v{version}")
    common = jsonschema_rs.Registry([(_COMMON_URI, load_schema("common.v1"))])
    return jsonschema_rs.Draft202012Validator(schema, registry=common, validate_formats=True)


def load_schema(name: str) -> dict[str, Any]:
    """Read one schema file, by name without its ending: ``product_viewed.v1``."""
    schema: dict[str, Any] = json.loads((_SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    return schema


def _first_violation(checker: jsonschema_rs.Draft202012Validator, event: Event) -> Rejection:
    error = min(checker.iter_errors(event), key=lambda e: (len(e.instance_path), str(e.instance_path)))
    path = [str(part) for part in error.instance_path]
    if error.kind.name == "required":
        field = "/".join([*path, error.kind.as_dict()["property"]])
        return Rejection(Reason.MISSING_FIELD, field, f"{field} is missing")
    field = "/".join(path)
    reason = Reason.WRONG_TYPE if error.kind.name == "type" else Reason.INVALID_VALUE
    return Rejection(reason, field, f"{field} is {_shown(error.instance)}: expected {_expected(error)}")


def _expected(error: jsonschema_rs.ValidationError) -> str:
    """Return the description of the definition that was broken: the text a person can act on."""
    place = [str(part) for part in error.schema_path]
    if place[0] == "$defs":
        return str(load_schema("common.v1")["$defs"][place[1]]["description"])
    return str(error.message)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_VALUE_LENGTH else text[: _SHOWN_VALUE_LENGTH - 1] + "…"
