"""Commits of a table that a loss of power left empty: delta-rs reads such a one as a commit of no rows."""

from __future__ import annotations

from pyarrow import fs

from contracts.errors import PermanentError
from contracts.tables import Table
from data_lake.arrow_lake import ArrowLake

# A system writes what is in its cache to disk within about 30 s: older commits are safe.
_LOOKED_AT = 50


def require_whole_commits(lake: ArrowLake, table: Table) -> None:
    """Raise ``PermanentError`` where one of the table's newest commits is an empty file."""
    files, root = fs.FileSystem.from_uri(lake.path(table))
    newest = lake.version(table)
    versions = range(max(0, newest - _LOOKED_AT), newest + 1)
    for info in files.get_file_info([f"{root}/_delta_log/{version:020}.json" for version in versions]):
        if info.size == 0:
            msg = (
                f"{info.path} is empty, as a loss of power leaves it: rows of {table.name} are missing; restore the "
                f"table with its checkpoint, or delete the lake with `aisle reset` and replay"
            )
            raise PermanentError(msg)
