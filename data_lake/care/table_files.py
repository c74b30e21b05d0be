"""The data files of a table as they lie there, whatever its log says of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow import fs

from contracts.errors import NotReadyError
from contracts.tables import Table
from data_lake.arrow_lake import ArrowLake
from data_lake.datasets import dataset_of_files
from data_lake.schemas import arrow_schema


class TableFiles:
    """The Parquet files below a table's directory, by their paths relative to it."""

    def __init__(self, lake: ArrowLake, table: Table) -> None:
        self._table = table
        self._fs, self._root = fs.FileSystem.from_uri(lake.path(table))

    def written(self) -> dict[str, datetime]:
        """Return every data file with the time of its last change."""
        selector = fs.FileSelector(self._root, recursive=True, allow_not_found=True)
        found = {info.path.removeprefix(f"{self._root}/"): info for info in self._fs.get_file_info(selector)}
        return {
            name: info.mtime
            for name, info in found.items()
            if name.endswith(".parquet") and not name.startswith("_delta_log/")
        }

    def bytes(self, names: Iterable[str]) -> int:
        """Return the size of the files that are there, together."""
        return sum(info.size or 0 for info in self._fs.get_file_info([self._at(name) for name in names]))

    def delete(self, names: Iterable[str]) -> None:
        """Delete files; one that is gone already is as good."""
        for name in names:
            with suppress(FileNotFoundError):
                self._fs.delete_file(self._at(name))

    def dataset(self, names: Iterable[str]) -> ds.Dataset:
        """Return the rows of the files."""
        return dataset_of_files([self._at(name) for name in names], arrow_schema(self._table), self._fs)

    def read(self, columns: Sequence[str], where: pc.Expression) -> dict[str, pa.Table]:
        """Return the rows that fulfil ``where``, by file, of every file that can be read.

        One that is being written, or that a vacuum beside this took away, cannot.
        """
        found = {}
        for name in self.written():
            with suppress(FileNotFoundError, pa.ArrowInvalid):
                found[name] = self.dataset([name]).to_table(columns=list(columns), filter=where)
        return found

    def require(self, names: Iterable[str]) -> None:
        """Raise ``NotReadyError`` where a file is gone."""
        if gone := [name for name in names if self._info(name).type == fs.FileType.NotFound]:
            msg = f"{self._table.name}: {len(gone)} files of this version are gone, vacuumed before it was pinned"
            raise NotReadyError(msg)

    def _info(self, name: str) -> fs.FileInfo:
        return self._fs.get_file_info(self._at(name))

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"
