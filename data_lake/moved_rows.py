"""Files whose rows only moved since an older version of a table: compaction and clustering say so in its log."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson


@dataclass(frozen=True)
class Commit:
    """The paths of the files that one commit added and removed; ``moved``: the rows are the same as before."""

    added: frozenset[str]
    removed: frozenset[str]
    moved: bool


def commits_of(folder: str, versions: Iterable[int]) -> list[Commit]:
    """Return commits of the table in ``folder``; raises ``FileNotFoundError`` where its log lacks one."""
    return [_commit(Path(folder, "_delta_log", f"{version:020}.json").read_bytes()) for version in versions]


def came_and_gone(then: Collection[str], now: Collection[str], commits: Iterable[Commit]) -> tuple[set[str], set[str]]:
    """Return the files of ``now`` with rows that ``then`` had not, and those of ``then`` of which rows may be gone."""
    # Of each file that holds rows of ``then`` and no others: the files of ``then`` that these rows came from.
    origins: dict[str, set[str]] = {path: {path} for path in then}
    gone: set[str] = set()
    for commit in commits:
        known = [origins.get(path, set()) for path in commit.removed]
        if commit.moved and all(known):
            origins |= dict.fromkeys(commit.added, set().union(*known))
        else:
            gone = gone.union(*known)
    return set(now) - origins.keys(), gone


def _commit(written: bytes) -> Commit:
    actions: list[Mapping[str, Any]] = [orjson.loads(line) for line in written.splitlines()]
    added, removed = ([action[kind] for action in actions if kind in action] for kind in ("add", "remove"))
    return Commit(
        added=frozenset(unquote(file["path"]) for file in added),
        removed=frozenset(unquote(file["path"]) for file in removed),
        moved=not any(file["dataChange"] for file in [*added, *removed]),
    )
