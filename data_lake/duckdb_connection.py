"""The DuckDB that computes and queries: in memory, and within limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import duckdb

# The streams share the machine: beyond this a query spills to disk.
MEMORY_LIMIT = "2GB"
ROWS_PER_BATCH = 10_000

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
    "memory_limit": MEMORY_LIMIT,
    # DuckDB takes Arrow's rows for few, and would compare each with each in an ASOF join.
    "asof_loop_join_threshold": 0,
}


@contextmanager
def connect_duckdb(*, reads_files: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection whose days are days in UTC and whose settings no query can change.

    Without ``reads_files`` a query reaches nothing but what is registered.
    """
    with (
        TemporaryDirectory(prefix="aisle-sql-") as spill,
        duckdb.connect(
            ":memory:", config=_CONFIG | {"enable_external_access": reads_files, "temp_directory": spill}
        ) as connection,
    ):
        connection.execute("SET TimeZone = 'UTC'; SET lock_configuration = true")
        yield connection
