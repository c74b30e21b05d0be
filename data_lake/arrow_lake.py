"""The lake without Spark: Arrow tables in and out by delta-rs.

Every write is one commit and, ``append`` apart, safe to repeat.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import deltalake
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from contracts.errors import NotReadyError, PermanentError, TableChangedError
from contracts.tables import TABLES, Table
from data_lake.compaction import Compactor, compact_if_scattered
from data_lake.datasets import dataset_of
from data_lake.erased import require_not_erased
from data_lake.paths import table_path
from data_lake.schemas import arrow_schema, contracted, documented_schema
from data_lake.spans import Span, spans, within_sql
from data_lake.sql import ParquetFiles, run_sql
from data_lake.table_files import all_files, files_after, files_near, newest

_PROPERTIES = {
    # delta-rs reads the tables too: nothing that it cannot read.
    "delta.enableDeletionVectors": "false",
    # A commit a second would leave 86,400 small files a day.
    "delta.autoOptimize.autoCompact": "true",
    # Whoever opens the table reads every commit since the last checkpoint, a third of a millisecond each.
    "delta.checkpointInterval": "20",
}
# A version number of one table, or an aware time.
AsOf = int | datetime
_ATTEMPTS = 4


@dataclass(frozen=True)
class Transaction:
    """Names a write: its ``writer``, unique to a checkpoint, and a ``number`` that only grows there.

    A writer's name that outlives its checkpoint would be a trap: numbers start anew, and the writes are skipped.
    """

    writer: str
    number: int


class ArrowLake:
    """The tables under ``uri``. Every read sees the newest commit as one snapshot.

    ``by`` stands in the history beside every write: the command that made it.
    """

    def __init__(self, uri: str, by: str = "") -> None:
        self.uri = uri.rstrip("/")
        self._by = by
        self._compactor = Compactor()

    def path(self, table: Table) -> str:
        """Return where the table's files are: ``<uri>/<layer>/<subject_grain>``."""
        return table_path(self.uri, table)

    def checkpoint(self, query: str) -> str:
        """Return where a streaming query keeps its progress; delete it only together with the tables it fills."""
        return f"{self.uri}/_checkpoints/{query}"

    def create_missing(self, tables: Iterable[Table] = TABLES) -> None:
        """Create the tables that are not there yet, with exactly the contract's columns.

        A table from before the contract got a column gets it now: null in the rows that it has. Raises like ``open``.
        """
        for table in tables:
            # Whoever came first made the same table.
            with suppress(CommitFailedError):
                self._add_missing_columns(table) if self.exists(table) else self._create(table)

    def _create(self, table: Table) -> None:
        DeltaTable.create(
            self.path(table),
            documented_schema(table),
            mode="ignore",
            name=table.name,
            description=table.grain,
            configuration=dict(_PROPERTIES),
        )

    def _add_missing_columns(self, table: Table) -> None:
        opened = self.open(table)
        there = {field.name for field in opened.schema().fields}
        missing = [
            field for field in deltalake.Schema.from_arrow(documented_schema(table)).fields if field.name not in there
        ]
        if missing:
            opened.alter.add_columns(missing, commit_properties=self.mark())

    def exists(self, table: Table) -> bool:
        """Say whether the table was ever made."""
        return DeltaTable.is_deltatable(self.path(table))

    def read(self, table: Table, columns: Sequence[str] | None = None, where: pc.Expression | None = None) -> pa.Table:
        """Return the rows that fulfil ``where``; raises ``NotReadyError`` where the table was never made."""
        names = list(columns if columns is not None else table.column_names)
        return self.scan(table).to_table(columns=names, filter=where)

    def scan(self, table: Table, as_of: AsOf | None = None) -> ds.Dataset:
        """Return the rows, now or as they were, to be read by ``run_sql``.

        Raises ``NotReadyError`` where the table was never made, or not yet at ``as_of``, and ``ErasedError`` where it
        held rows of a customer then who was erased since.
        """
        opened = self.open(table)
        if as_of is not None:
            opened = _travelled(opened, table, as_of)
            require_not_erased(self, table, f"version {opened.version()}", self._files(opened))
        return dataset_of(opened)

    def files(self, table: Table, version: int) -> list[str]:
        """Return the files of a version, below the table's directory; raises like ``scan``."""
        then = _travelled(self.open(table), table, version)
        files = self._files(then)
        require_not_erased(self, table, f"version {version}", files)
        return files

    def _files(self, opened: DeltaTable) -> list[str]:
        return [str(name) for name in opened.get_add_actions(flatten=True)["path"].to_pylist()]

    def count(self, table: Table) -> int:
        """Return the number of rows, from the log alone; raises ``NotReadyError`` where the table was never made."""
        return self.open(table).count()

    def newest(self, table: Table, column: str) -> datetime | None:
        """Return the greatest time in a column, from the log alone; None in an empty table."""
        return newest(self.open(table), column)

    def version(self, table: Table) -> int:
        """Return the number of the newest commit; raises ``NotReadyError`` where the table was never made."""
        return self.open(table).version()

    def last_number(self, table: Table, writer: str) -> int | None:
        """Return the number of the last ``Transaction`` of ``writer`` that the table has; ``None`` without any."""
        return self.open(table).transaction_version(writer)

    def mark(self, *transactions: deltalake.Transaction) -> CommitProperties:
        """Return what a commit of this lake says of itself."""
        return CommitProperties(
            custom_metadata={"by": self._by} if self._by else None, app_transactions=[*transactions]
        )

    def append(self, table: Table, rows: pa.Table, transaction: Transaction | None = None) -> None:
        """Add ``rows``, unless the table has this ``transaction`` of its writer already, or a later one.

        Without a transaction it is the only write that is not safe to repeat. A table that has become many small files
        is compacted beside the writes that follow: ``settle`` waits for it.
        """
        opened, marks = self.open(table), self.mark()
        if transaction:
            done = opened.transaction_version(transaction.writer)
            if done is not None and done >= transaction.number:
                return
            marks = self.mark(deltalake.Transaction(transaction.writer, transaction.number))
        write_deltalake(opened, contracted(rows, table), mode="append", commit_properties=marks)
        self._compactor.look_at(opened, table, self.mark())

    def settle(self) -> None:
        """Wait until no table that was appended to is being compacted; raises what a compaction ended with."""
        self._compactor.wait()

    def overwrite(self, table: Table, rows: pa.Table, where: str, transactions: Iterable[Transaction] = ()) -> None:
        """Make ``rows`` all that the table holds where the SQL condition ``where`` is true; nothing else changes.

        The commit bears the ``transactions``. Raises ``TableChangedError`` where another process changed rows of the
        condition meanwhile.
        """
        marks = self.mark(*(deltalake.Transaction(each.writer, each.number) for each in transactions))
        with committing(table):
            opened = self.open(table)
            write_deltalake(opened, contracted(rows, table), mode="overwrite", predicate=where, commit_properties=marks)

    def replace(self, table: Table, rows: pa.Table, scope: pa.Table) -> None:
        """Make ``rows`` the table's only content within ``scope``; nothing else changes.

        ``scope`` holds distinct values of one or more of the table's columns (the touched visitors or minutes);
        every row of ``rows`` must lie in it. Rows that stay as they are are not written again, and where ``scope``
        names the column that the table is ``clustered_by``, only files near its values are read. A commit that came
        in between, of ``aisle lake optimize`` for one, is taken in and the write tried again; raises
        ``TableChangedError`` where that happened every time.
        """
        for _ in range(_ATTEMPTS - 1):
            with suppress(TableChangedError):
                return self._replace(table, rows, scope)
        return self._replace(table, rows, scope)

    def _replace(self, table: Table, rows: pa.Table, scope: pa.Table) -> None:
        near = _near(table, scope)
        stored = self.near(table, str(table.clustered_by), near) if near else self.all_files(table)
        in_scope = run_sql(
            f"SELECT stored.* FROM stored SEMI JOIN scope USING ({_names(scope.column_names)})",  # noqa: S608
            stored=stored,
            scope=scope,
        )
        changes = _changes(table, contracted(rows, table), contracted(in_scope, table))
        if changes.num_rows:
            self._merge(table, changes, near)

    def _merge(self, table: Table, changes: pa.Table, near: Sequence[Span]) -> None:
        opened = self.open(table)
        merge = (
            opened.merge(
                changes,
                _same_key(table, near),
                source_alias="change",
                target_alias="stored",
                streamed_exec=False,
                commit_properties=self.mark(),
            )
            .when_matched_delete("change._gone")
            .when_matched_update_all(except_cols=["_gone"])
            .when_not_matched_insert_all(except_cols=["_gone"])
        )
        with committing(table):
            merge.execute()
        compact_if_scattered(opened, table, self.mark())

    def near(self, table: Table, column: str, wanted: Sequence[Span]) -> ParquetFiles:
        """Return the files that may hold a row whose time ``column`` lies in one of the spans, by their statistics."""
        return files_near(self.open(table), table, column, wanted)

    def after(self, table: Table, column: str, moment: datetime | None) -> ParquetFiles:
        """Return the files that may hold a row whose time ``column`` lies after ``moment``; without one, all."""
        return files_after(self.open(table), table, column, moment)

    def all_files(self, table: Table) -> ParquetFiles:
        """Return the table's files."""
        return all_files(self.open(table), table)

    def open(self, table: Table) -> DeltaTable:
        """Return the table as delta-rs sees it: for its care.

        Raises ``NotReadyError`` where it was never made, and ``PermanentError`` where its log is torn.
        """
        if not self.exists(table):
            msg = f"table {table.name} is not there yet: {self.path(table)} is empty; run `aisle stream` first"
            raise NotReadyError(msg)
        try:
            return DeltaTable(self.path(table))
        except DeltaError as error:
            first_line = next(iter(str(error).splitlines()), "no text")
            msg = f"the log of {table.name}, {self.path(table)}/_delta_log, cannot be read: {first_line}"
            raise PermanentError(msg) from error


@contextmanager
def committing(table: Table) -> Iterator[None]:
    """Name the table where delta-rs finds that another commit came in between."""
    try:
        yield
    except CommitFailedError as error:
        msg = f"table {table.name} was changed by another process at the same time: run this again"
        raise TableChangedError(msg) from error


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


def _near(table: Table, scope: pa.Table) -> Sequence[Span]:
    if table.clustered_by not in scope.column_names:
        return []
    times = scope[table.clustered_by]
    return spans(times, times)


def _same_key(table: Table, near: Sequence[Span]) -> str:
    same = [f"stored.{name} = change.{name}" for name in table.key]
    return " AND ".join([*same, *([within_sql(f"stored.{table.clustered_by}", near)] if near else [])])


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)
