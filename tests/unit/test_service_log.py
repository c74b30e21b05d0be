"""The log of a service: its form, its level, and the line that it ends with."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Iterator

import pytest

from contracts.errors import AisleError, NotReadyError, RetryableError
from deployment.service_log import service_log
from deployment.settings import LogSettings, Settings

JSON = Settings(logs=LogSettings(format="json"))
TEXT = Settings(logs=LogSettings(format="text"))
_OURS, _THEIRS = logging.getLogger("model_serving.x"), logging.getLogger("httpx")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    handlers, hook = logging.root.handlers, sys.excepthook
    yield
    logging.root.handlers, sys.excepthook = handlers, hook
    logging.captureWarnings(capture=False)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_what_aisle_says_is_logged_and_of_others_what_is_serious(capsys: pytest.CaptureFixture[str]) -> None:
    with service_log(JSON, "api"):
        _OURS.info("loaded")
        _OURS.debug("asked")
        _THEIRS.info("HTTP Request: GET")
        _THEIRS.warning("slow")
    assert [(said["service"], said["message"]) for said in map(json.loads, _lines(capsys))] == [
        ("api", "loaded"),
        ("api", "slow"),
    ]


def test_the_level_is_a_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with service_log(Settings(logs=LogSettings(format="text", level="error")), "api"):
        _OURS.warning("not this")
    with service_log(Settings(logs=LogSettings(format="text", level="debug")), "api"):
        _OURS.debug("this")
    [line] = _lines(capsys)
    assert line.endswith("Z this")


def test_where_nobody_looks_at_a_terminal_it_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    with service_log(Settings(), "live"):
        _OURS.info("loaded")
    assert json.loads(*_lines(capsys))["service"] == "live"


def test_a_warning_of_python_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with service_log(JSON, "api"), warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    [line] = _lines(capsys)
    assert "DeprecationWarning: old" in json.loads(line)["message"]


@pytest.mark.parametrize(("error", "code"), [(RetryableError("Spark's JVM ended"), 1), (NotReadyError("no topic"), 2)])
def test_what_ends_a_service_is_its_last_line(error: AisleError, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, service_log(JSON, "stream"):
        raise error
    [line] = _lines(capsys)
    said = json.loads(line)
    assert (ended.value.code, said["level"], said["message"]) == (code, "error", str(error))
    with pytest.raises(type(error)), service_log(TEXT, "stream"):
        raise error
    assert _lines(capsys) == []


def test_a_bug_is_a_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    with service_log(JSON, "live"):
        sys.excepthook(KeyError, KeyError("bug"), None)
    said = json.loads(*_lines(capsys))
    assert (said["level"], said["message"], said["exception"]) == ("critical", "ended by a bug", "KeyError: 'bug'")
