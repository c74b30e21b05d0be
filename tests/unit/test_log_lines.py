"""Lines of a service's log: one JSON object each, and the same line as text."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from contracts.log_fields import FIELDS, REQUEST_IDS
from deployment.log_lines import JsonLines, TextLines
from deployment.log_text import as_text


def _record(message: str, *args: object, level: int = logging.INFO) -> logging.LogRecord:
    record = logging.LogRecord("model_serving.x", level, __file__, 1, message, args, None)
    record.created = 1_795_000_000.25
    return record


def _failed() -> logging.LogRecord:
    record = _record("it failed", level=logging.ERROR)
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        record.exc_info = sys.exc_info()
    return record


@pytest.fixture
def request_ids() -> Iterator[None]:
    token = REQUEST_IDS.set({"request_id": "r-1", "trace_id": "t-1"})
    yield
    REQUEST_IDS.reset(token)


def test_a_line_is_one_object_with_what_is_known() -> None:
    assert json.loads(JsonLines("api").format(_record("model %s: version %d is in use", "recommender", 3))) == {
        "time": "2026-11-18T11:06:40.250Z",
        "level": "info",
        "service": "api",
        "logger": "model_serving.x",
        "message": "model recommender: version 3 is in use",
    }


@pytest.mark.usefixtures("request_ids")
def test_it_names_the_request_and_the_fields_of_its_record() -> None:
    record = _record("slow")
    setattr(record, FIELDS, {"route": "/v1/trending", "status": 200})
    said = json.loads(JsonLines("api").format(record))
    assert (said["request_id"], said["trace_id"], said["route"], said["status"]) == ("r-1", "t-1", "/v1/trending", 200)


@pytest.mark.parametrize("text", ["two\nlines", "\x1b[31m", "\u2028", "\ud800", "ünlü", '"', "\\"])
def test_no_text_breaks_a_line_or_is_lost(text: str) -> None:
    line = JsonLines("api").format(_record("%s", text))
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["message"] == text


def test_a_traceback_is_in_the_line() -> None:
    assert "ZeroDivisionError: division by zero" in json.loads(JsonLines("api").format(_failed()))["exception"]


def test_as_text_it_is_time_and_message_and_the_level_where_it_is_serious() -> None:
    assert TextLines().format(_record("it runs")) == "2026-11-18T11:06:40.250Z it runs"
    assert TextLines().format(_record("a\nb", level=logging.WARNING)) == r"2026-11-18T11:06:40.250Z warning: a\nb"


@pytest.mark.parametrize("record", [_record("it runs"), _record("\x1b%s", "x", level=logging.ERROR), _failed()])
def test_a_line_of_json_becomes_the_text_that_a_terminal_would_have_had(record: logging.LogRecord) -> None:
    assert as_text(JsonLines("api").format(record)) == TextLines().format(record)


@pytest.mark.parametrize(
    "line", ["", "plain", "{", "[1]", '{"time": "now"}', "12", '{"time": 1, "level": 2, "message": 3}']
)
def test_any_other_line_stays_as_it_is(line: str) -> None:
    assert as_text(line) == line
