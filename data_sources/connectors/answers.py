"""From the body of an API's answer to lines that a source can read: one record a line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from contracts.errors import UnusableAnswerError
from data_sources.jsonl_file import JsonLinesFile
from data_sources.mapping import Mapping
from data_sources.mapping_check import columns_of
from data_sources.open_source import open_source
from data_sources.source import Source

_JSON_STARTS = (b"[", b"{")
_SHOWN_KEYS = 10


def record_lines(body: bytes, records: str) -> bytes:
    """Return the records of a JSON document, one a line; other text (CSV, JSON lines) as it is.

    The list is at the key ``records`` (``data.items``), else the document is one, or is the one record. A line has its
    keys in order and its numbers as they were written: the same record is the same line, whatever stands around it.
    Raises ``UnusableAnswerError``.
    """
    if not records and not body.lstrip().startswith(_JSON_STARTS):
        return body
    try:
        document = _parsed(body)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and not records:
            return body
        msg = f"is not JSON: {error}"
        raise UnusableAnswerError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"is not JSON: {error}"
        raise UnusableAnswerError(msg) from error
    found = _at(document, records)
    return b"".join(_line(record) for record in (found if isinstance(found, list) else [found]))


def open_answer(path: Path, mapping: Mapping) -> Source:
    """Return the reader of kept lines; in JSON a key may be missing from every record, as no value."""
    source = open_source(path, mapping)
    if isinstance(source, JsonLinesFile):
        return replace(source, more_columns=tuple(column for _, column in columns_of(mapping)))
    return source


def _parsed(body: bytes) -> Any:
    # A fragment is written again as it was read: 35.790 keeps its zero.
    return json.loads(
        body.decode("utf-8-sig"), parse_int=orjson.Fragment, parse_float=orjson.Fragment, parse_constant=_refuse
    )


def _at(document: Any, records: str) -> Any:
    found, passed = document, ""
    for key in records.split(".") if records else ():
        if not isinstance(found, dict) or key not in found:
            there = f"the keys {', '.join(list(found)[:_SHOWN_KEYS])}" if isinstance(found, dict) else "no object"
            msg = f"has no {records!r} (records): {passed or 'it'} has {there}"
            raise UnusableAnswerError(msg)
        found, passed = found[key], f"{passed}.{key}".lstrip(".")
    return found


def _line(record: Any) -> bytes:
    try:
        return orjson.dumps(record, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    except TypeError as error:
        msg = f"holds a record that cannot be written as UTF-8: {error}"
        raise UnusableAnswerError(msg) from error


def _refuse(constant: str) -> object:
    msg = f"{constant} is no JSON"
    raise ValueError(msg)
