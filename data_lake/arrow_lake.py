"""The lake without Spark: delta-rs reads the tables into Arrow."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from contracts.errors import NotReadyError
from contracts.tables import Table
from data_lake.paths import table_path


class ArrowLake:
    """The tables under ``uri``, read only. Every read sees the newest commit as one snapshot."""

    def __init__(self, uri: str) -> None:
        self.uri = uri.rstrip("/")

    def path(self, table: Table) -> str:
        """Return where the table's files are: ``<uri>/<layer>/<subject_grain>``."""
        return table_path(self.uri, table)

    def exists(self, table: Table) -> bool:
        """Say whether the table was ever made."""
        return DeltaTable.is_deltatable(self.path(table))

    def read(self, table: Table, columns: Sequence[str] | None = None, where: pc.Expression | None = None) -> pa.Table:
        """Return the rows that fulfil ``where``; raises ``NotReadyError`` where the table was never made."""
        names = list(columns if columns is not None else table.column_names)
        return self._open(table).to_pyarrow_dataset().to_table(columns=names, filter=where)

    def count(self, table: Table) -> int:
        """Return the number of rows, from the log alone; raises ``NotReadyError`` where the table was never made."""
        return self._open(table).count()

    def version(self, table: Table) -> int:
        """Return the number of the newest commit; raises ``NotReadyError`` where the table was never made."""
        return self._open(table).version()

    def _open(self, table: Table) -> DeltaTable:
        if not self.exists(table):
            msg = f"table {table.name} is not there yet: {self.path(table)} is empty; run `aisle stream` first"
            raise NotReadyError(msg)
        return DeltaTable(self.path(table))
