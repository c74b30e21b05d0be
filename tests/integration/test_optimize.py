"""``aisle lake optimize`` and ``history``: few files of many, beside writers, and who did it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner
from deltalake import DeltaTable

from contracts.errors import NotReadyError, TableChangedError, UnknownNameError
from contracts.tables import SILVER_SESSIONS, Table
from data_lake.arrow_lake import ArrowLake, Transaction
from data_lake.care.history import history
from data_lake.care.optimizing import optimize
from deployment.cli import lake as lake_command
from deployment.settings import Settings
from tests.fixtures.care_lake import sessions, visitors


@pytest.fixture
def lake(tmp_path: Path) -> ArrowLake:
    lake = ArrowLake(str(tmp_path / "lake"), by="the test")
    lake.create_missing([SILVER_SESSIONS])
    return lake


def _in_small_files(lake: ArrowLake, files: int) -> None:
    for number in range(files):
        lake.append(SILVER_SESSIONS, sessions([number]), Transaction("w", number))


def test_many_files_become_one_and_a_second_run_commits_nothing(lake: ArrowLake) -> None:
    _in_small_files(lake, 5)
    rows = lake.read(SILVER_SESSIONS).sort_by("session_id")
    done = optimize(lake, SILVER_SESSIONS)
    assert (done.before.files, done.after.files) == (5, 1)
    assert done.before.bytes > done.after.bytes > 0
    assert lake.read(SILVER_SESSIONS).sort_by("session_id") == rows
    version = lake.version(SILVER_SESSIONS)
    again = optimize(lake, SILVER_SESSIONS)
    assert (again.before, lake.version(SILVER_SESSIONS)) == (again.after, version)


def test_rows_of_writers_beside_it_are_neither_lost_nor_doubled(lake: ArrowLake) -> None:
    _in_small_files(lake, 8)

    def write() -> None:
        for number in range(100, 130):
            lake.append(SILVER_SESSIONS, sessions([number]), Transaction("other", number))
            lake.replace(SILVER_SESSIONS, sessions([0, 1], event_count=number), visitors([0]))

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write)
        while not writer.done():
            try:
                optimize(lake, SILVER_SESSIONS)
            except TableChangedError as error:
                assert "was changed by other processes 6 times" in str(error)  # noqa: PT017 - either may lose
        writer.result()
    rows = lake.read(SILVER_SESSIONS, ["session_id", "event_count"]).to_pylist()
    counts = {f"s-{number}": 1 for number in (*range(2, 8), *range(100, 130))} | {"s-0": 129, "s-1": 129}
    assert len(rows) == len(counts)
    assert {row["session_id"]: row["event_count"] for row in rows} == counts


class _Overtaken(ArrowLake):
    """Lets another process rewrite both files of the table between each look at it and the commit."""

    def open(self, table: Table) -> DeltaTable:
        opened = super().open(table)
        for number in range(2):
            ArrowLake(self.uri).overwrite(table, sessions([number]), f"session_id = 's-{number}'")
        return opened


def test_who_always_loses_is_told_in_one_line(lake: ArrowLake) -> None:
    _in_small_files(lake, 2)
    with pytest.raises(TableChangedError, match=r"^table silver\.sessions was changed by other processes 6 times"):
        optimize(_Overtaken(lake.uri), SILVER_SESSIONS)


def test_history_says_what_when_how_many_and_by_whom(lake: ArrowLake) -> None:
    lake.append(SILVER_SESSIONS, sessions([0, 1, 2]), Transaction("w", 0))
    lake.replace(SILVER_SESSIONS, sessions([0], event_count=7), visitors([0]))
    optimize(ArrowLake(lake.uri), SILVER_SESSIONS)
    merge, append, create = history(lake, SILVER_SESSIONS, 20)
    assert (merge.number, merge.operation, merge.updated, merge.removed, merge.added) == (2, "MERGE", 1, 1, 0)
    assert (append.operation, append.added, append.by) == ("WRITE", 3, "the test")
    assert (create.number, create.added, merge.by) == (0, None, "the test")
    assert append.committed_at.utcoffset() is not None
    assert [version.number for version in history(lake, SILVER_SESSIONS, 1)] == [2]


def test_a_table_that_was_never_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match=r"table silver\.sessions is not there yet"):
        optimize(ArrowLake(str(tmp_path)), SILVER_SESSIONS)


def test_the_commands_show_it(lake: ArrowLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_command, "load_settings", lambda: Settings(lake_uri=lake.uri))
    _in_small_files(lake, 3)
    run = CliRunner().invoke
    assert run(lake_command.command, ["optimize"]).stdout == "silver.sessions: 3 files, 0.0 MB → 1 files, 0.0 MB\n"
    named = run(lake_command.command, ["optimize", "silver.sessions"]).stdout
    assert named == "silver.sessions: 1 files, 0.0 MB, nothing to do\n"
    header, newest, *_ = run(lake_command.command, ["history", "silver.sessions"]).stdout.splitlines()
    assert header.split() == ["version", "committed_at", "operation", "added", "updated", "removed", "by"]
    assert newest.endswith("aisle lake optimize")
    assert isinstance(run(lake_command.command, ["optimize", "silver.x"]).exception, UnknownNameError)
