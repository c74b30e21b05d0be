"""The lake without Spark: Arrow tables in and out by delta-rs.

Every write is one commit and, ``append`` apart, safe to repeat.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError

from contracts.errors import NotReadyError
from contracts.tables import TABLES, Table
from data_lake.paths import table_path
from data_lake.schemas import arrow_schema
from data_lake.sql import run_sql

_PROPERTIES = {
    # delta-rs reads the tables too: nothing that it cannot read.
    "delta.enableDeletionVectors": "false",
    # A commit a second would leave 86,400 small files a day.
    "delta.autoOptimize.autoCompact": "true",
}
# A version number of one table, or an aware time.
AsOf = int | datetime
# delta-rs has no auto-compaction: above this many files a table that it writes is compacted.
_MOST_FILES = 64


class ArrowLake:
    """The tables under ``uri``. Every read sees the newest commit as one snapshot."""

    def __init__(self, uri: str) -> None:
        self.uri = uri.rstrip("/")

    def path(self, table: Table) -> str:
        """Return where the table's files are: ``<uri>/<layer>/<subject_grain>``."""
        return table_path(self.uri, table)

    def create_missing(self, tables: Iterable[Table] = TABLES) -> None:
        """Create the tables that are not there yet, with exactly the contract's columns."""
        for table in tables:
            DeltaTable.create(
                self.path(table),
                arrow_schema(table),
                mode="ignore",
                name=table.name,
                description=table.grain,
                configuration=dict(_PROPERTIES),
            )

    def exists(self, table: Table) -> bool:
        """Say whether the table was ever made."""
        return DeltaTable.is_deltatable(self.path(table))

    def read(self, table: Table, columns: Sequence[str] | None = None, where: pc.Expression | None = None) -> pa.Table:
        """Return the rows that fulfil ``where``; raises ``NotReadyError`` where the table was never made."""
        names = list(columns if columns is not None else table.column_names)
        return self.scan(table).to_table(columns=names, filter=where)

    def scan(self, table: Table, as_of: AsOf | None = None) -> ds.Dataset:
        """Return the rows, now or as they were, to be read by ``run_sql``.

        Raises ``NotReadyError`` where the table was never made, or not yet at ``as_of``.
        """
        opened = self._open(table)
        return (opened if as_of is None else _travelled(opened, table, as_of)).to_pyarrow_dataset()

    def count(self, table: Table) -> int:
        """Return the number of rows, from the log alone; raises ``NotReadyError`` where the table was never made."""
        return self._open(table).count()

    def version(self, table: Table) -> int:
        """Return the number of the newest commit; raises ``NotReadyError`` where the table was never made."""
        return self._open(table).version()

    def append(self, table: Table, rows: pa.Table) -> None:
        """Add ``rows`` in one commit; the only write that is not safe to repeat."""
        write_deltalake(self._open(table), rows.select(table.column_names).cast(arrow_schema(table)), mode="append")

    def overwrite(self, table: Table, rows: pa.Table, where: str) -> None:
        """Make ``rows`` all that the table holds where the SQL condition ``where`` is true; nothing else changes."""
        contents = rows.select(table.column_names).cast(arrow_schema(table))
        write_deltalake(self._open(table), contents, mode="overwrite", predicate=where)

    def replace(self, table: Table, rows: pa.Table, scope: pa.Table) -> None:
        """Make ``rows`` the table's only content within ``scope``; nothing else changes.

        ``scope`` holds distinct values of one or more of the table's columns (the touched visitors or minutes);
        every row of ``rows`` must lie in it. Rows that stay as they are are not written again.
        """
        stored = run_sql(
            f"SELECT stored.* FROM stored SEMI JOIN scope USING ({_names(scope.column_names)})",  # noqa: S608
            stored=self.scan(table),
            scope=scope,
        )
        schema = arrow_schema(table)
        changes = _changes(table, rows.select(schema.names).cast(schema), stored.cast(schema))
        if changes.num_rows:
            self._merge(table, changes)

    def _merge(self, table: Table, changes: pa.Table) -> None:
        opened = self._open(table)
        (
            opened.merge(changes, _same_key(table), source_alias="change", target_alias="stored", streamed_exec=False)
            .when_matched_delete("change._gone")
            .when_matched_update_all(except_cols=["_gone"])
            .when_not_matched_insert_all(except_cols=["_gone"])
            .execute()
        )
        if len(opened.file_uris()) > _MOST_FILES:
            opened.optimize.compact()

    def _open(self, table: Table) -> DeltaTable:
        if not self.exists(table):
            msg = f"table {table.name} is not there yet: {self.path(table)} is empty; run `aisle stream` first"
            raise NotReadyError(msg)
        return DeltaTable(self.path(table))


def _travelled(newest: DeltaTable, table: Table, as_of: AsOf) -> DeltaTable:
    """Return the table at version ``as_of``, or at the last one committed up to that time."""
    latest = newest.version()
    if isinstance(as_of, int) and as_of > latest:
        msg = f"{table.name} has no version {as_of}: expected 0 to {latest}"
        raise NotReadyError(msg)
    then = DeltaTable(newest.table_uri)
    try:
        then.load_as_version(as_of)
    except DeltaError as error:
        msg = f"{table.name} cannot be read as of {as_of}: its log does not reach back that far"
        raise NotReadyError(msg) from error
    if isinstance(as_of, datetime):
        # Asked for a time before the first commit, delta-rs gives the first version.
        _require_commit_before(table, as_of, newest.history(latest - then.version() + 1)[-1]["timestamp"])
    return then


def _require_commit_before(table: Table, as_of: datetime, committed_ms: int) -> None:
    committed = datetime.fromtimestamp(committed_ms / 1000, UTC)
    if committed > as_of:
        msg = f"{table.name} was not there yet at {as_of.isoformat()}: its first commit is of {committed.isoformat()}"
        raise NotReadyError(msg)


def _changes(table: Table, rows: pa.Table, stored: pa.Table) -> pa.Table:
    """Return the rows that are new or differ, and those stored whose key is not among ``rows``, as ``_gone``."""
    key = _names(table.key)
    sql = f"""
        SELECT *, false AS _gone FROM (FROM fresh EXCEPT FROM stored)
        UNION ALL
        SELECT *, true FROM stored ANTI JOIN fresh USING ({key})
    """  # noqa: S608 - the names are the contract's
    schema = arrow_schema(table).append(pa.field("_gone", pa.bool_()))
    return run_sql(sql, fresh=rows, stored=stored).cast(schema)


def _same_key(table: Table) -> str:
    return " AND ".join(f"stored.{name} = change.{name}" for name in table.key)


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)
