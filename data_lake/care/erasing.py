"""Erasing a person from one table: rows, files of earlier versions that held them, and what the log says."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from contracts.clock import Clock
from contracts.tables import ERASED_FILES, Table
from data_lake.arrow_lake import ArrowLake
from data_lake.care.conflicts import beside_writers
from data_lake.care.log_names import LogNames
from data_lake.care.naming import Subject
from data_lake.care.owned_rows import owned_keys
from data_lake.care.table_files import TableFiles
from data_lake.datasets import dataset_of
from data_lake.schemas import arrow_schema

# A file that no log names yet may be one that a writer is about to commit.
_COMMITTED_WITHIN = timedelta(hours=1)


@dataclass(frozen=True)
class Traces:
    """What one table holds of a person: rows now, files of earlier versions, entries of the log."""

    table: Table
    rows: int
    files: int
    log_entries: int

    @property
    def found(self) -> bool:
        """Whether there is anything."""
        return bool(self.rows or self.files or self.log_entries)


class TableErasure:
    """One table of ``owned_rows.PERSONAL_TABLES``. Each call is safe beside writers, and safe to repeat."""

    def __init__(self, lake: ArrowLake, table: Table) -> None:
        self._lake = lake
        self._table = table
        self._files = TableFiles(lake, table)

    def search(self, subject: Subject) -> Traces:
        """Look through the newest version, every other data file that lies there, and the log."""
        rows = len(owned_keys(self._table, self._lake.scan(self._table), subject))
        names = LogNames(self._lake.path(self._table), subject.ids)
        return Traces(self._table, rows, len(self._former(subject)), names.count())

    def delete_rows(self, subject: Subject) -> None:
        """Delete the rows from the newest version; raises ``TableChangedError``."""
        beside_writers(self._table, lambda: self._delete_rows(subject))

    def delete_files(self, subject: Subject, clock: Clock) -> None:
        """Delete the files of earlier versions that held rows, pinned or not, and clear the log.

        Those versions cannot be read any more: what asks for them gets ``ErasedError``.
        """
        files = sorted(self._former(subject) - self._being_written())
        if files:
            self._remember(files, clock.now())
            self._files.delete(files)
        LogNames(self._lake.path(self._table), subject.ids).clear()

    def _delete_rows(self, subject: Subject) -> None:
        opened = self._lake.open(self._table)
        keys = owned_keys(self._table, dataset_of(opened), subject)
        if len(keys):
            same = " AND ".join(f'stored."{name}" = gone."{name}"' for name in self._table.key)
            opened.merge(
                keys, same, source_alias="gone", target_alias="stored", commit_properties=self._lake.mark()
            ).when_matched_delete().execute()

    def _former(self, subject: Subject) -> set[str]:
        """Return the files outside the newest version that hold rows of the subject."""
        newest = self._lake.open(self._table)
        live = set(newest.get_add_actions(flatten=True)["path"].to_pylist())
        return {name for name in self._files.written().keys() - live if self._holds(name, subject)}

    def _holds(self, name: str, subject: Subject) -> bool:
        with suppress(FileNotFoundError, pa.ArrowInvalid):
            return len(owned_keys(self._table, self._files.dataset([name]), subject)) > 0
        return False

    def _being_written(self) -> set[str]:
        left = self._lake.open(self._table).vacuum(0, dry_run=True, enforce_retention_duration=False)
        since = datetime.now(UTC) - _COMMITTED_WITHIN
        return {name for name, changed in self._files.written().items() if changed > since} - set(left)

    def _remember(self, files: list[str], at: datetime) -> None:
        rows = [{"table": self._table.name, "file": file, "erased_at": at} for file in files]
        erased = pa.Table.from_pylist(rows, arrow_schema(ERASED_FILES))
        self._lake.create_missing([ERASED_FILES])
        self._lake.replace(ERASED_FILES, erased, erased.select(["table", "file"]))
