"""``aisle lake vacuum``, ``pin`` and ``unpin``: what is needed stays, the rest goes."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from contracts.clock import ManualClock
from contracts.errors import InvalidSettingError, NameTakenError, NotReadyError, UnknownNameError
from contracts.tables import SILVER_SESSIONS
from data_lake.arrow_lake import ArrowLake
from data_lake.care.optimizing import optimize
from data_lake.care.pins import pin, pins, scan_pinned, unpin
from data_lake.care.table_files import TableFiles
from data_lake.care.vacuuming import vacuum
from deployment.cli import lake as lake_command
from deployment.settings import Settings
from tests.fixtures.care_lake import sessions

CLOCK = ManualClock(datetime(2026, 11, 21, tzinfo=UTC))
DAY, WEEK = timedelta(days=1), timedelta(days=7)


@pytest.fixture
def lake(tmp_path: Path) -> ArrowLake:
    """Sessions with the versions 1 (a row), 2 (two rows), 3 (the same compacted) and 4 (three rows)."""
    lake = ArrowLake(str(tmp_path / "lake"))
    lake.create_missing([SILVER_SESSIONS])
    for number in range(2):
        lake.append(SILVER_SESSIONS, sessions([number]))
    optimize(lake, SILVER_SESSIONS)
    lake.append(SILVER_SESSIONS, sessions([2]))
    return lake


def _age(lake: ArrowLake, by: timedelta) -> None:
    """Let everything that was done in the table so far have been done earlier."""
    ago = datetime.now(UTC) - by
    for commit in Path(lake.path(SILVER_SESSIONS), "_delta_log").glob("*.json"):
        text = commit.read_text()
        for name in ("deletionTimestamp", "modificationTime", "timestamp"):
            head, *parts = text.split(f'"{name}":')
            text = head + "".join(
                f'"{name}":{int(ago.timestamp() * 1000)}{part.lstrip("0123456789")}' for part in parts
            )
        commit.write_text(text)
    for file in Path(lake.path(SILVER_SESSIONS)).glob("*.parquet"):
        os.utime(file, (ago.timestamp(), ago.timestamp()))


def _readable(lake: ArrowLake, version: int) -> int:
    return len(lake.scan(SILVER_SESSIONS, version).to_table())


def test_old_versions_go_and_the_newest_stays(lake: ArrowLake) -> None:
    _age(lake, 8 * DAY)
    planned = vacuum(lake, SILVER_SESSIONS, WEEK, dry_run=True)
    assert (planned.files, planned.pinned, planned.bytes > 0) == (2, 0, True)
    assert _readable(lake, 2) == 2
    assert vacuum(lake, SILVER_SESSIONS, WEEK, dry_run=False) == planned
    assert (lake.count(SILVER_SESSIONS), _readable(lake, 3), _readable(lake, 4)) == (3, 2, 3)
    with pytest.raises(FileNotFoundError):
        lake.scan(SILVER_SESSIONS, 2).to_table()
    assert vacuum(lake, SILVER_SESSIONS, WEEK, dry_run=False).files == 0


def test_what_left_within_the_retention_stays(lake: ArrowLake) -> None:
    _age(lake, 6 * DAY)
    assert vacuum(lake, SILVER_SESSIONS, WEEK, dry_run=False).files == 0
    assert _readable(lake, 1) == 1


def test_a_file_that_a_killed_writer_left_goes_but_not_one_being_written(lake: ArrowLake) -> None:
    directory = Path(lake.path(SILVER_SESSIONS))
    for name, age in (("left.parquet", 8 * DAY), ("being-written.parquet", timedelta(0))):
        (directory / name).write_bytes(b"x")
        then = (datetime.now(UTC) - age).timestamp()
        os.utime(directory / name, (then, then))
    assert vacuum(lake, SILVER_SESSIONS, WEEK, dry_run=False).files == 1
    assert not (directory / "left.parquet").exists()
    assert (directory / "being-written.parquet").exists()


def test_a_pinned_version_survives_until_it_is_unpinned(lake: ArrowLake) -> None:
    made = pin(lake, SILVER_SESSIONS, 2, "training-7", CLOCK)
    assert (made.version, len(made.files), pins(lake)) == (2, 2, [made])
    assert pin(lake, SILVER_SESSIONS, 2, "training-7", CLOCK) == made
    _age(lake, 8 * DAY)
    kept = vacuum(lake, SILVER_SESSIONS, WEEK, dry_run=False)
    assert (kept.files, kept.pinned) == (0, 2)
    assert _readable(lake, 2) == 2
    unpin(lake, SILVER_SESSIONS, "training-7")
    assert (pins(lake), vacuum(lake, SILVER_SESSIONS, WEEK, dry_run=False).files) == ([], 2)


def test_a_pin_outlives_the_log(lake: ArrowLake) -> None:
    pin(lake, SILVER_SESSIONS, 2, "training-7", CLOCK)
    lake.open(SILVER_SESSIONS).create_checkpoint()
    for commit in Path(lake.path(SILVER_SESSIONS), "_delta_log").glob("*.json"):
        commit.unlink()
    with pytest.raises(NotReadyError, match="its log does not reach back that far"):
        lake.scan(SILVER_SESSIONS, 2)
    rows = scan_pinned(lake, SILVER_SESSIONS, "training-7").to_table()
    assert sorted(rows["session_id"].to_pylist()) == ["s-0", "s-1"]


def test_a_name_pins_one_version_of_a_table(lake: ArrowLake) -> None:
    pin(lake, SILVER_SESSIONS, 2, "it's", CLOCK)
    with pytest.raises(NameTakenError, match=r'^pin "it\'s" of silver\.sessions is version 2 already: unpin it first$'):
        pin(lake, SILVER_SESSIONS, 3, "it's", CLOCK)
    with pytest.raises(NotReadyError, match=r"silver\.sessions has no version 99: expected 0 to 4"):
        pin(lake, SILVER_SESSIONS, 99, "b", CLOCK)
    with pytest.raises(UnknownNameError, match="has no pin 'b': expected one of it's"):
        unpin(lake, SILVER_SESSIONS, "b")
    with pytest.raises(UnknownNameError, match="has no pin 'b'"):
        scan_pinned(lake, SILVER_SESSIONS, "b")


def test_a_version_that_was_vacuumed_cannot_be_pinned_any_more(lake: ArrowLake) -> None:
    TableFiles(lake, SILVER_SESSIONS).delete(lake.files(SILVER_SESSIONS, 1))
    with pytest.raises(NotReadyError, match="1 files of this version are gone"):
        pin(lake, SILVER_SESSIONS, 1, "late", CLOCK)
    assert pins(lake) == []


def test_less_than_an_hour_is_refused(lake: ArrowLake) -> None:
    with pytest.raises(InvalidSettingError, match="retention 0:59:00: expected at least 1:00:00"):
        vacuum(lake, SILVER_SESSIONS, timedelta(minutes=59), dry_run=True)


def test_the_commands_show_it(lake: ArrowLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_command, "load_settings", lambda: Settings(lake_uri=lake.uri))

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(lake_command.command, arguments)
        assert result.exit_code == 0, result.exception
        return result.stdout

    assert run("pins") == "nothing is pinned\n"
    assert run("pin", "silver.sessions", "2", "--name", "t7") == "silver.sessions version 2 is pinned as t7: 2 files\n"
    _age(lake, 8 * DAY)
    assert run("vacuum", "--dry-run").splitlines() == [
        "silver.sessions: 0 files, 0.0 MB would be deleted, 2 files kept for pins"
    ]
    header, row = run("pins").splitlines()
    assert (header.split(), row.split()[:3]) == (
        ["table", "name", "version", "pinned_at", "files"],
        ["silver.sessions", "t7", "2"],
    )
    assert run("unpin", "silver.sessions", "--name", "t7") == "silver.sessions: t7 is unpinned\n"
    assert run("vacuum", "silver.sessions", "--retention", "2d").startswith("silver.sessions: 2 files, 0.0 MB deleted")
