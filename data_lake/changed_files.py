"""What changed in a table between two of its versions, by its files: reading costs what is new, not what is there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from contracts.tables import Table
from data_lake.arrow_lake import ArrowLake, Transaction
from data_lake.datasets import dataset_of
from data_lake.moved_rows import came_and_gone, commits_of
from data_lake.spans import Span, within_sql
from data_lake.sql import ParquetFiles
from data_lake.table_files import all_files, files_near


@dataclass(frozen=True)
class Snapshot:
    """A table as it was at one commit."""

    table: Table
    opened: DeltaTable

    @classmethod
    def newest(cls, lake: ArrowLake, table: Table) -> Snapshot:
        """Return the table as it is now; raises ``NotReadyError`` where it was never made."""
        return cls(table, lake.open(table))

    @property
    def rows(self) -> ParquetFiles:
        """All rows."""
        return all_files(self.opened, self.table)

    def rows_within(self, column: str, wanted: Sequence[Span]) -> ParquetFiles:
        """Return the rows whose time ``column`` lies in one of the spans; other files are not read."""
        return replace(files_near(self.opened, self.table, column, wanted), where=within_sql(column, wanted))

    def read_by(self, reader: str) -> Transaction:
        """Return the mark of a ``reader`` who has seen this version: a table that is made anew has other marks."""
        return Transaction(f"{reader}:{self.opened.metadata().id}", self.opened.version())

    def last_number(self, writer: str) -> int | None:
        """Return the number of the last ``Transaction`` of ``writer`` that this version has; None without any."""
        return self.opened.transaction_version(writer)

    def changed_rows(self, version: int, columns: Collection[str]) -> pa.Table | None:
        """Return columns of the rows in files that came or went since ``version``: all that changed, and neighbours.

        Files that compaction made of others came with nothing new. None where the log or the files do not reach back
        so far.
        """
        if version == self.opened.version():
            return dataset_of(self.opened).schema.empty_table().select(list(columns))
        before = DeltaTable(self.opened.table_uri)
        try:
            before.load_as_version(version)
            then, now = dataset_of(before), dataset_of(self.opened)
            commits = commits_of(now.filesystem, range(version + 1, self.opened.version() + 1))
            came, gone = came_and_gone(then.files, now.files, commits)
            return pa.concat_tables([_rows_of(now, came, columns), _rows_of(then, gone, columns)])
        except (DeltaError, FileNotFoundError):
            return None


def _rows_of(rows: ds.FileSystemDataset, paths: Collection[str], columns: Collection[str]) -> pa.Table:
    fragments = [each for each in rows.get_fragments() if each.path in paths]
    files = ds.FileSystemDataset(fragments, rows.schema, rows.format, rows.filesystem)
    return files.to_table(list(columns))
