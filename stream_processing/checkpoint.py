"""Spark's checkpoint of a query, looked at before the query starts: it must be whole, and as new as its tables.

Spark numbers micro-batches and writes ``offsets/N`` (which messages batch N has), then ``commits/N`` (it is done). A
machine that loses power can leave the newest of them empty or cut; a backup can bring back older ones. Spark stops at
the first, but not at the second: it plans other messages under a number that a table has already, and those are skipped
as written.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from contextlib import suppress

from pyarrow import fs

from contracts.errors import PermanentError
from contracts.tables import Table
from data_lake.arrow_lake import ArrowLake
from stream_processing.torn_commits import require_whole_commits

_log = logging.getLogger(__name__)
_NONE = -1
# After the first, which names the format: the batch's settings and one line a source, or the watermark.
_LEAST_LINES = {"offsets": 2, "commits": 1}
# A source's line in ``offsets`` before it had any.
_NOTHING_READ = "-"


def prepare_checkpoint(name: str, lake: ArrowLake, fills: Iterable[Table]) -> None:
    """Remove what is torn where the query then repeats it, and compare the rest with the tables that it ``fills``.

    Raises ``PermanentError`` where going on would lose or double rows: the checkpoint is gone, older than a table, or
    torn where only it knew which messages a batch had; or a table's own log is torn.
    """
    checkpoint = _Checkpoint(lake.checkpoint(name))
    writer, last = checkpoint.writer(), checkpoint.last_whole("offsets")
    for table in fills:
        require_whole_commits(lake, table)
        _require_in_step(lake, table, checkpoint, writer, last)
    checkpoint.remove_after("offsets", last)
    checkpoint.remove_after("commits", min(last, checkpoint.last_whole("commits")))


def writer_of(lake: ArrowLake, name: str) -> str | None:
    """Return the id under which a query writes; ``None`` before its first start."""
    return _Checkpoint(lake.checkpoint(name)).writer()


def _require_in_step(lake: ArrowLake, table: Table, checkpoint: _Checkpoint, writer: str | None, last: int) -> None:
    """Raise ``PermanentError`` where the table has rows of another checkpoint, or batches after ``last``."""
    done = lake.last_number(table, writer) if writer else None
    if done is None and lake.count(table):
        msg = (
            f"{table.name} has rows, but the checkpoint that they came with is gone: going on would write them "
            f"twice; restore {checkpoint.uri}, or delete the lake with `aisle reset` and replay"
        )
        raise PermanentError(msg)
    if done is not None and done > last:
        msg = (
            f"{table.name} has batch {done}, but {checkpoint.uri}/offsets does not say any more which messages that "
            f"had: going on would leave some out; restore it, or delete the lake with `aisle reset` and replay"
        )
        raise PermanentError(msg)


class _Checkpoint:
    """The files of one query's checkpoint."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._files, self._root = fs.FileSystem.from_uri(uri)

    def writer(self) -> str | None:
        """Return the query's id, by which its tables know it; ``None`` in a fresh checkpoint."""
        with suppress(FileNotFoundError, ValueError):
            return str(json.loads(self._read("metadata"))["id"])
        if not self._numbers("offsets"):
            # What the very first start left behind: nothing was read yet.
            self._delete("metadata")
            return None
        msg = f"{self.uri}/metadata is missing, empty or cut: restore it, or delete the lake with `aisle reset`"
        raise PermanentError(msg)

    def last_whole(self, log: str) -> int:
        """Return the newest number in ``offsets`` or ``commits`` whose file is whole; -1 where there is none."""
        return next((number for number in reversed(self._numbers(log)) if not self._is_torn(log, number)), _NONE)

    def remove_after(self, log: str, last: int) -> None:
        """Remove what is newer than ``last``, so that Spark plans or runs those batches again."""
        for number in self._numbers(log):
            if number > last:
                _log.warning("%s/%s/%d is torn: removed, and batch %d runs again", self.uri, log, number, number)
                self._delete(f"{log}/{number}")
                self._delete(f"{log}/.{number}.crc")

    def _numbers(self, log: str) -> list[int]:
        selector = fs.FileSelector(f"{self._root}/{log}", allow_not_found=True)
        names = [info.base_name for info in self._files.get_file_info(selector)]
        return sorted(int(name) for name in names if name.isdigit())

    def _is_torn(self, log: str, number: int) -> bool:
        version, *lines = self._read(f"{log}/{number}").decode(errors="replace").splitlines() or [""]
        return not version.startswith("v") or len(lines) < _LEAST_LINES[log] or not all(map(_is_json, lines))

    def _read(self, name: str) -> bytes:
        with self._files.open_input_stream(f"{self._root}/{name}") as file:
            return bytes(file.read())

    def _delete(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._files.delete_file(f"{self._root}/{name}")


def _is_json(line: str) -> bool:
    if line == _NOTHING_READ:
        return True
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
