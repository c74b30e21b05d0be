"""Compaction beside the writes: few files of many small ones, without keeping the writer waiting for it."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import CommitFailedError

from contracts.tables import Table

# Above so many files smaller than half of what compaction makes, a table is compacted: delta-rs never does by itself.
# Files that it has made already are no reason: one of nearly full size would be written again with every small one.
_MOST_SMALL_FILES = 64
_FILE_BYTES = 100 * 2**20
# What one compaction beside the writes has to do stays below a gigabyte.
_FILE_BYTES_BESIDE_WRITES = 16 * 2**20
# A merge writes every file anew that holds one of its rows: larger ones would be written again and again.
_MERGED_FILE_BYTES = 4 * 2**20
# Spark takes a file of bronze at least as one micro-batch, whose messages must fit into its memory.
_BRONZE_FILE_ROWS = 100_000


def target_file_bytes(opened: DeltaTable, table: Table) -> int:
    """Return how large compaction may make the files of a table."""
    if table.layer == "bronze":
        rows_per_file = opened.count() / _BRONZE_FILE_ROWS
        return min(_FILE_BYTES, round(bytes_of(opened) / rows_per_file)) if rows_per_file else _FILE_BYTES
    return _MERGED_FILE_BYTES if table.clustered_by else _FILE_BYTES


def bytes_of(opened: DeltaTable) -> int:
    """Return the size of the table's files together."""
    return sum(opened.get_add_actions()["size_bytes"].to_pylist())


def compact_if_scattered(opened: DeltaTable, table: Table, marks: CommitProperties) -> None:
    """Compact a table that has become many small files; beside another writer it waits for the next time."""
    sizes = opened.get_add_actions()["size_bytes"].to_pylist()
    if len(sizes) <= _MOST_SMALL_FILES:
        return
    file_bytes = min(target_file_bytes(opened, table), _FILE_BYTES_BESIDE_WRITES)
    if sum(size < file_bytes / 2 for size in sizes) > _MOST_SMALL_FILES:
        with suppress(CommitFailedError):
            opened.optimize.compact(target_size=file_bytes, max_concurrent_tasks=1, commit_properties=marks)


class Compactor:
    """Compacts in a thread of its own, one table at a time: half a second for ten megabytes, on one core."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "compaction")
        self._running: dict[str, Future[None]] = {}

    def look_at(self, opened: DeltaTable, table: Table, marks: CommitProperties) -> None:
        """See to it that the table is compacted if that is due; raises what the last compaction of it ended with.

        ``opened`` must not be used afterwards.
        """
        if last := self._running.get(table.name):
            if not last.done():
                return
            last.result()
        self._running[table.name] = self._thread.submit(compact_if_scattered, opened, table, marks)

    def wait(self) -> None:
        """Wait until nothing is being compacted; raises what a compaction ended with."""
        for running in self._running.values():
            running.result()
