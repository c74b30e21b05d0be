"""The Parquet files of a table, picked by the statistics that its log has of them: no file is opened for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from contracts.tables import Table
from data_lake.schemas import arrow_schema
from data_lake.spans import Span, meets
from data_lake.sql import ParquetFiles

_MILLISECOND = pa.scalar(timedelta(milliseconds=1))


def all_files(opened: DeltaTable, table: Table) -> ParquetFiles:
    """Return the files of a table as it was opened."""
    return _parquet(opened, table, _actions(opened))


def files_near(opened: DeltaTable, table: Table, column: str, wanted: Sequence[Span]) -> ParquetFiles:
    """Return the files that may hold a row whose time ``column`` lies in one of the spans."""
    files = _actions(opened)
    if files.num_rows:
        may_hold = meets(files[f"min.{column}"], _latest(files, column), wanted)
        files = files.filter(pc.fill_null(may_hold, True))
    return _parquet(opened, table, files)


def files_after(opened: DeltaTable, table: Table, column: str, moment: datetime | None) -> ParquetFiles:
    """Return the files that may hold a row whose time ``column`` lies after ``moment``; without one, all."""
    files = _actions(opened)
    if files.num_rows and moment:
        files = files.filter(pc.fill_null(pc.greater(_latest(files, column), moment), True))
    return _parquet(opened, table, files)


def names_of(opened: DeltaTable) -> list[str]:
    """Return the table's files, relative to its directory."""
    names: list[str] = _actions(opened)["path"].to_pylist()
    return names


def files_named(opened: DeltaTable, table: Table, names: Iterable[str]) -> ParquetFiles:
    """Return some files by their names, also those of other versions."""
    return ParquetFiles([f"{folder_of(opened)}/{name}" for name in names], arrow_schema(table))


def folder_of(opened: DeltaTable) -> str:
    """Return the table's directory."""
    # delta-rs names a folder as a URI: blanks and the like are encoded there.
    return url2pathname(urlsplit(opened.table_uri).path).rstrip("/")


def newest(opened: DeltaTable, column: str) -> datetime | None:
    """Return the greatest time in a column; None in an empty table."""
    files = _actions(opened)
    greatest = pc.max(files[f"max.{column}"]).as_py() if files.num_rows else None
    return datetime.fromisoformat(greatest) if isinstance(greatest, str) else greatest


def _parquet(opened: DeltaTable, table: Table, files: pa.Table) -> ParquetFiles:
    return files_named(opened, table, files["path"].to_pylist())


def _actions(opened: DeltaTable) -> pa.Table:
    """Return the table's files with their statistics, a row each."""
    return pa.table(opened.get_add_actions(flatten=True))


def _latest(files: pa.Table, column: str) -> pa.ChunkedArray:
    """Return no less than the greatest time of each file: Delta cuts its statistics to milliseconds."""
    return pc.add(files[f"max.{column}"], _MILLISECOND)
