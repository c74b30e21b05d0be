from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from data_sources.connectors.settled import SettledFiles, Stamp, listed
from tests.fixtures.connectors import START, folder_source

SECOND = timedelta(seconds=1)


def test_a_file_is_complete_once_it_has_looked_the_same_for_long_enough() -> None:
    files, path, growing = SettledFiles(5 * SECOND), Path("a.csv"), Path("b.csv")
    looks = [
        files.of({path: Stamp(10, 1, 1), growing: Stamp(second, 1, 1)}, START + second * SECOND) for second in range(7)
    ]
    assert looks == [[], [], [], [], [], [path], [path]]


def test_what_changes_any_part_of_its_stamp_starts_anew() -> None:
    for changed in (Stamp(11, 1, 1), Stamp(10, 2, 1), Stamp(10, 1, 2)):
        files, path = SettledFiles(5 * SECOND), Path("a.csv")
        files.of({path: Stamp(10, 1, 1)}, START)
        assert files.of({path: changed}, START + 5 * SECOND) == []
        assert files.of({path: changed}, START + 10 * SECOND) == [path]


def test_a_file_that_was_gone_starts_anew() -> None:
    files, path = SettledFiles(5 * SECOND), Path("a.csv")
    for now, there in ((0, True), (4, False), (6, True)):
        assert files.of({path: Stamp(10, 1, 1)} if there else {}, START + now * SECOND) == []


def test_only_files_that_may_be_taken_are_listed_the_oldest_first(tmp_path: Path) -> None:
    source = folder_source(tmp_path, files="*.csv*")
    names = ("new.csv", "old.csv.gz", ".hidden.csv", "x.csv.tmp", "y.csv.part", "z.csv.done", "other.txt")
    for name in names:
        (source.folder / name).write_text(name)
    (source.folder / "done.csv").mkdir()
    (source.folder / "link.csv").symlink_to(source.folder / "new.csv")
    os.utime(source.folder / "old.csv.gz", (1, 1))
    assert [path.name for path in listed(source)] == ["old.csv.gz", "new.csv"]


def test_with_a_marker_only_marked_files_are_listed(tmp_path: Path) -> None:
    source = folder_source(tmp_path, done_marker=True)
    for name in ("a.csv", "a.csv.done", "b.csv", "c.csv.done"):
        (source.folder / name).write_text(name)
    assert [path.name for path in listed(source)] == ["a.csv"]
