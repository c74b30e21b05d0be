"""``aisle rejected``: what a person sees, and what is refused before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from contracts.errors import InvalidPatchError
from deployment.cli import rejected
from deployment.settings import KafkaSettings, Settings
from tests.fixtures.rejected_rows import PAGE_VIEWED, rejected_id, rejected_lake

Run = Callable[..., Result]
_BAD = json.dumps({**PAGE_VIEWED, "country": "Germany"}).encode()
_TO_DE = '[{"op": "replace", "path": "/country", "value": "DE"}]'


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``aisle rejected`` on a lake of three rejected events, with no broker to be reached."""
    settings = Settings(data_dir=tmp_path, kafka=KafkaSettings(servers="127.0.0.1:1"))
    rejected_lake(
        Path(settings.lake),
        {"reason": "invalid_value", "field": "country", "value": _BAD},
        {"value": b"\x00\xff\x1b[2J" + b"x" * 5000, "sent_by": None},
        {"topic": "pos", "value": b"\x1b[2J", "source_file": "a.csv", "source_line": 7, "reason": "unmapped_row"},
    )
    monkeypatch.setattr(rejected, "load_settings", lambda: settings)
    return lambda *arguments: CliRunner().invoke(rejected.command, arguments)


def test_list_shows_a_line_an_event_the_latest_first(run: Run) -> None:
    header, *rows = run("list").stdout.splitlines()
    assert header.split() == ["id", "received_at", "topic", "producer", "reason", "state", "message"]
    assert [row.split()[0] for row in rows] == [rejected_id(number)[:12] for number in (2, 1, 0)]
    assert rows[2].split()[1:6] == ["2026-11-20T12:00:00Z", "clickstream", "web", "invalid_value", "open"]
    assert len(run("list", "--topic", "pos", "--since", "2026-11-20T13:00:00Z").stdout.splitlines()) == 2
    assert run("list", "--limit", "2").stderr == "the latest 2: --limit N shows more\n"


def test_show_gives_the_bytes_beside_the_reason_and_obeys_none(run: Run) -> None:
    shown = run("show", rejected_id(2)[:8]).stdout
    assert "reason    unmapped_row\n" in shown
    assert "file      a.csv, line 7\n" in shown
    assert shown.endswith("\n\n\\x1b[2J\n")
    assert run("show", rejected_id(2)[:8], "--raw").stdout_bytes == b"\x1b[2J"


def test_bytes_that_are_not_utf8_are_shown_in_hexadecimal(run: Run) -> None:
    lines = run("show", rejected_id(1)).stdout.splitlines()
    first = lines.index("") + 1
    assert lines[first].split("  ") == [
        "00000000",
        "00 ff 1b 5b 32 4a 78 78 78 78 78 78 78 78 78 78",
        "...[2Jxxxxxxxxxx",
    ]
    assert lines[-1] == "… 910 bytes more: --raw writes them all"


def test_stats_count_by_every_dimension_or_those_asked_for(run: Run) -> None:
    stats = run("stats").stdout
    assert [part.split()[0] for part in stats.split("\n\n")] == ["reason", "topic", "producer", "day"]
    assert run("stats", "--by", "producer").stdout.split() == [
        *("producer", "rejected", "open", "replayed", "dropped"),
        *("web", "2", "2", "0", "0"),
        *("(none)", "1", "1", "0", "0"),
    ]


def test_a_dry_run_shows_what_would_be_sent_and_sends_nothing(run: Run, tmp_path: Path) -> None:
    patch = tmp_path / "repair.json"
    patch.write_text(_TO_DE)
    result = run("replay", "--topic", "clickstream", "--patch", str(patch), "--dry-run")
    good, bad = result.stdout.splitlines()
    assert good.startswith(f"would send {rejected_id(0)[:12]} to clickstream: ")
    assert json.loads(good.partition("clickstream: ")[2]) == {**PAGE_VIEWED, "country": "DE"}
    assert bad.startswith(f"refused {rejected_id(1)[:12]}: the patch does not fit: ")
    assert (result.stderr, result.exit_code) == ("1 would be sent, 1 refused\n", 1)
    assert run("list", "--state", "replayed").stdout.count("\n") == 1


def test_a_dropped_event_is_dropped_once_and_keeps_its_reason(run: Run) -> None:
    because = ("--because", "a test of the till")
    assert run("drop", "--topic", "pos", *because).stderr == "1 dropped, 0 refused\n"
    again = run("drop", rejected_id(2), *because)
    assert "already dropped at" in again.stdout
    assert (again.stderr, again.exit_code) == ("0 dropped, 1 refused\n", 1)
    assert "because a test of the till" in run("show", rejected_id(2)).stdout
    assert run("drop", "--topic", "pos", *because).stderr == "0 dropped, 0 refused\n"


@pytest.mark.parametrize("chosen", [[], ["abc", "--topic", "pos"]])
def test_nothing_chosen_is_never_everything(run: Run, chosen: list[str]) -> None:
    for arguments in (["replay", *chosen], ["drop", *chosen, "--because", "x"]):
        result = run(*arguments)
        assert result.exit_code == 2
        assert "give either IDs or a filter such as --reason" in result.stderr


def test_a_patch_that_is_neither_json_nor_a_file_is_named(run: Run) -> None:
    error = run("replay", rejected_id(0), "--patch", "no-such.json").exception
    assert isinstance(error, InvalidPatchError)
    assert str(error) == "--patch 'no-such.json': neither a JSON Patch in brackets nor a file that can be read"
