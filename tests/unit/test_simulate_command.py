from __future__ import annotations

import json
from datetime import timedelta

import click
import pytest
from click.testing import CliRunner, Result

from contracts.errors import InvalidSettingError
from deployment.cli.durations import Duration
from deployment.cli.progress import watched, watched_batches
from deployment.cli.simulate import command


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments, "--products", "50"])


def test_a_dry_run_prints_the_first_messages_the_same_every_time() -> None:
    arguments = ("--dry-run", "30", "--start", "2026-11-02", "--malformed-ratio", "0")
    shown = run(*arguments)
    assert shown.exit_code == 0
    events = [json.loads(line) for line in shown.output.splitlines()]
    assert len(events) == 30
    assert all(event["occurred_at"].startswith("2026-11-02T00:00") for event in events)
    assert run(*arguments).output == shown.output


def test_history_ends_after_its_days_and_has_its_volume() -> None:
    shown = run("--dry-run", "9999", "--days", "1", "--start", "2026-11-02", "--events-per-day", "1500")
    assert 1100 < len(shown.output.splitlines()) < 1900


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--duration", "soon"), "'soon': expected a number with a unit"),
        (("--duration", "0s"), "'0s': expected a number with a unit"),
        (("--rate", "0"), "0.0 is not in the range"),
        (("--late-ratio", "2"), "2.0 is not in the range"),
        (("--days", "2", "--duration", "5s"), "--days and --duration exclude each other"),
        (("--rate", "2", "--events-per-day", "5"), "--rate and --events-per-day exclude each other"),
        (("--fast",), "--fast needs --duration"),
    ],
)
def test_a_wrong_option_is_one_clear_error(arguments: tuple[str, ...], expected: str) -> None:
    shown = run("--dry-run", "1", *arguments)
    assert shown.exit_code == 2
    assert expected in shown.output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--start", "yesterday"), "--start 'yesterday': expected ISO 8601"),
        (("--start", "1850-01-01"), "--start '1850-01-01'"),
        (("--duration", "999999d", "--fast"), "the trade: expected"),
        (("--late-ratio", "0.6", "--duplicate-ratio", "0.6"), "fault ratios"),
    ],
)
def test_an_impossible_trade_is_refused(arguments: tuple[str, ...], expected: str) -> None:
    error = run("--dry-run", "1", *arguments).exception
    assert isinstance(error, InvalidSettingError)
    assert expected in str(error)


def test_a_report_needs_its_directory() -> None:
    error = run("--duration", "1s", "--report", "nowhere/truth.json").exception
    assert isinstance(error, InvalidSettingError)
    assert "nowhere" in str(error)


@pytest.mark.parametrize(
    ("text", "seconds"), [("60s", 60), ("90", 90), ("1.5m", 90), ("2h", 7200), ("1d", 86400)], ids=str
)
def test_a_duration_is_a_number_with_a_unit(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "s", "-5s", "5 s", "5w", "nan", "9" * 400])
def test_any_other_duration_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Duration().convert(text, None, None)


def test_watching_changes_nothing() -> None:
    assert list(watched(range(5), "count", lambda item: item / 5)) == [0, 1, 2, 3, 4]
    assert list(watched_batches([[1], [2, 3]], 3, "count")) == [[1], [2, 3]]
