"""What came to a table and went from it by its commits, against the rows that its files hold."""

from __future__ import annotations

from random import Random

import pytest

from data_lake.moved_rows import Commit, came_and_gone

_Files = dict[str, frozenset[int]]


def _rows(files: _Files, names: set[str] | None = None) -> set[int]:
    return {row for name, rows in files.items() if names is None or name in names for row in rows}


def _commit(random: Random, files: _Files, number: int) -> tuple[_Files, Commit]:
    """Return the files after one commit: rows that move to one or two files, are added, or are taken out."""
    what = random.choice(["move", "move", "add", "take out", "take out and add"])
    removed = set(random.sample(sorted(files), min(len(files), random.randint(1, 3)))) if what != "add" else set()
    rows = sorted(_rows(files, removed))
    if what.startswith("take out"):
        rows = rows[1:]
    if what.endswith("add"):
        rows.append(1000 + number)
    cut = random.randint(0, len(rows)) if len(rows) > 1 else 0
    parts = {f"{number}a": frozenset(rows[:cut]), f"{number}b": frozenset(rows[cut:])}
    added = {name: part for name, part in parts.items() if part}
    after = {name: part for name, part in files.items() if name not in removed} | added
    return after, Commit(frozenset(added), frozenset(removed), moved=what == "move")


@pytest.mark.parametrize("seed", range(200))
def test_each_row_that_came_or_went_is_in_a_file_that_is_named(seed: int) -> None:
    random = Random(seed)
    now = then = {f"then{number}": frozenset({2 * number, 2 * number + 1}) for number in range(4)}
    commits = []
    for number in range(random.randint(1, 8)):
        now, commit = _commit(random, now, number)
        commits.append(commit)
    came, gone = came_and_gone(then, now, commits)
    assert _rows(now) - _rows(then) <= _rows(now, came)
    assert _rows(then) - _rows(now) <= _rows(then, gone)
    assert came <= now.keys()
    assert gone <= then.keys()


def test_files_that_only_moved_are_not_named() -> None:
    moves = [
        Commit(frozenset("c"), frozenset("ab"), moved=True),
        Commit(frozenset("de"), frozenset("c"), moved=True),
    ]
    assert came_and_gone("ab", "de", moves) == (set(), set())


def test_rows_that_moved_together_with_new_ones_count_as_come() -> None:
    commits = [Commit(frozenset("b"), frozenset(), moved=False), Commit(frozenset("c"), frozenset("ab"), moved=True)]
    assert came_and_gone("a", "c", commits) == ({"c"}, {"a"})


def test_rows_taken_out_of_a_file_that_moved_are_gone() -> None:
    commits = [Commit(frozenset("cd"), frozenset("ab"), moved=True), Commit(frozenset(), frozenset("c"), moved=False)]
    assert came_and_gone("ab", "d", commits) == (set(), {"a", "b"})
