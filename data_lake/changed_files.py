"""What changed in a table between two of its versions, by its files: reading costs what is new, not what is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from contracts.tables import Table
from data_lake.arrow_lake import ArrowLake, Transaction
from data_lake.moved_rows import came_and_gone, commits_of
from data_lake.spans import Span, within_sql
from data_lake.sql import ParquetFiles
from data_lake.table_files import all_files, files_named, files_near, folder_of, names_of


class Changes(NamedTuple):
    """Files that came to a table and that went from it; a row may be in both, beside one that changed."""

    came: ParquetFiles
    gone: ParquetFiles


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

    def changes_since(self, version: int) -> Changes | None:
        """Return the files whose rows are not those of ``version``; None where the log or they do not reach back.

        Files that compaction made of others came with nothing new.
        """
        before = DeltaTable(self.opened.table_uri)
        try:
            before.load_as_version(version)
            commits = commits_of(folder_of(self.opened), range(version + 1, self.opened.version() + 1))
        except (DeltaError, FileNotFoundError):
            return None
        came, gone = came_and_gone(names_of(before), names_of(self.opened), commits)
        changes = Changes(*(files_named(self.opened, self.table, names) for names in (came, gone)))
        return changes if all(Path(path).exists() for path in changes.gone.paths) else None
