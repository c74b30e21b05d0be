"""One SQL query over Arrow tables, by DuckDB: what gold is computed with."""

from __future__ import annotations

from typing import TypeAlias

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

# No extension may be fetched at run time.
_OFFLINE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}

# What a query reads: rows in memory, or files that are read as far as the query needs them.
Rows: TypeAlias = pa.Table | ds.Dataset


def run_sql(sql: str, **tables: Rows) -> pa.Table:
    """Return the result of a query over ``tables``, each under its keyword's name; a day is a day in UTC."""
    with duckdb.connect(":memory:", config=_OFFLINE) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, table in tables.items():
            connection.register(name, table)
        return connection.sql(sql).to_arrow_table()
