"""Compaction: many small files become few; rows and their order stay."""

from __future__ import annotations

from dataclasses import dataclass

from deltalake import DeltaTable, WriterProperties

from contracts.tables import Table
from data_lake.arrow_lake import ArrowLake
from data_lake.care.conflicts import beside_writers
from data_lake.compaction import target_file_bytes

# Of 3 million events in one file a day is read in 0.2 s; with row groups of a million (the default) in 0.6 s.
_ROWS_SKIPPED_TOGETHER = WriterProperties(compression="ZSTD", max_row_group_size=131_072)


@dataclass(frozen=True)
class Size:
    """What a table's newest version is made of."""

    files: int
    bytes: int


@dataclass(frozen=True)
class Optimized:
    """What compaction did to one table."""

    table: Table
    before: Size
    after: Size


def optimize(lake: ArrowLake, table: Table) -> Optimized:
    """Compact ``table``; nothing is committed where no two files fit into one of ``target_file_bytes``.

    The old files stay until ``vacuum``. Raises ``TableChangedError`` where other writers always were faster, and
    ``NotReadyError``.
    """
    before = _size(lake.open(table))
    beside_writers(table, lambda: _compact(lake, table))
    return Optimized(table, before, _size(lake.open(table)))


def _compact(lake: ArrowLake, table: Table) -> None:
    opened = lake.open(table)
    opened.optimize.compact(
        target_size=target_file_bytes(opened, table),
        writer_properties=_ROWS_SKIPPED_TOGETHER,
        commit_properties=lake.mark(),
    )


def _size(table: DeltaTable) -> Size:
    sizes = table.get_add_actions(flatten=True)["size_bytes"].to_pylist()
    return Size(len(sizes), sum(sizes))
