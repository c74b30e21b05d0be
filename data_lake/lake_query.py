"""Read-only SQL of a user on the lake's tables, by DuckDB over delta-rs; nothing else can be read, nothing written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

import duckdb
import pyarrow as pa

from contracts.errors import InvalidQueryError, UnknownNameError
from contracts.tables import TABLES, Table
from data_lake.arrow_lake import ArrowLake, AsOf
from data_lake.duckdb_connection import MEMORY_LIMIT, ROWS_PER_BATCH, connect_duckdb

# Functions and views that show files, settings or the text of another query; DuckDB itself refuses the files as well.
_REFUSED = re.compile(
    r"duckdb_\w+|pragma_\w+|pg_settings|current_setting|getvariable|getenv|which_secret|query|query_table"
    r"|read_\w+|parquet_\w+|\w+_scan|sniff_csv|glob"
)
_LAYERS = tuple(f"{layer}." for layer in dict.fromkeys(table.layer for table in TABLES))
_NO_TABLE = re.compile(r"Table with name (.+) does not exist")
_GONE = re.compile(r"reading the stream registered as .* (not found|No such file)", re.DOTALL)


@contextmanager
def query_lake(
    lake: ArrowLake, sql: str, as_of: AsOf | None = None, limit: int | None = None
) -> Iterator[pa.RecordBatchReader]:
    """Run one SELECT, WITH, DESCRIBE or SHOW and yield its first ``limit`` rows in batches.

    Tables are named as in the contract, ``silver.sessions``. Each is read as one snapshot: the newest, or
    ``as_of`` a version (of the only table named) or a time. Raises, also while the batches are taken,
    ``InvalidQueryError``, ``UnknownNameError``, and ``NotReadyError`` for a table that is not there (yet).
    """
    with connect_duckdb(reads_files=False) as connection:
        try:
            parts = list(_parts(_syntax_tree(connection, sql)))
            _require_harmless(parts)
            _register(connection, lake, _used_tables(parts), as_of)
            result = connection.sql(sql)
            rows = (result if limit is None else result.limit(limit)).to_arrow_reader(ROWS_PER_BATCH)
            yield pa.RecordBatchReader.from_batches(rows.schema, _batches(rows))
        except duckdb.CatalogException as error:
            raise _unknown(error) from error
        except duckdb.Error as error:
            msg = f"query: {_one_line(error)}"
            raise InvalidQueryError(msg) from error


def _syntax_tree(connection: duckdb.DuckDBPyConnection, sql: str) -> object:
    """Return the only statement of ``sql``; raises ``InvalidQueryError`` where it is none that reads."""
    kinds = [str(each.type.name) for each in connection.extract_statements(sql)]
    if kinds != [duckdb.StatementType.SELECT.name]:
        msg = f"query: expected one SELECT, WITH, DESCRIBE or SHOW, got {', '.join(kinds) or 'nothing'}: it only reads"
        raise InvalidQueryError(msg)
    [(tree,)] = connection.execute("SELECT json_serialize_sql($1::VARCHAR)", [sql]).fetchall()
    return json.loads(tree)


def _parts(node: object) -> Iterator[dict[str, Any]]:
    """Yield every object of a syntax tree."""
    if isinstance(node, list):
        for each in node:
            yield from _parts(each)
    elif isinstance(node, dict):
        yield node
        for each in node.values():
            yield from _parts(each)


def _require_harmless(parts: list[dict[str, Any]]) -> None:
    for name in (part[kind] for part in parts for kind in ("function_name", "table_name") if part.get(kind)):
        if _REFUSED.fullmatch(name.lower()):
            msg = f"query: {name} reads files, settings or other queries: only the lake's tables can be read"
            raise InvalidQueryError(msg)


def _used_tables(parts: list[dict[str, Any]]) -> list[Table]:
    """Return the tables named with their layer; raises ``UnknownNameError`` with what is near.

    A name without one may be that of a WITH: DuckDB decides.
    """
    named = {f"{part.get('schema_name')}.{part['table_name']}" for part in parts if part.get("type") == "BASE_TABLE"}
    return [_table(name) for name in sorted(named) if name.lower().startswith(_LAYERS)]


def _table(name: str) -> Table:
    known = {table.name: table for table in TABLES}
    if name.lower() not in known:
        raise _unknown_table(name)
    return known[name.lower()]


def _unknown_table(name: str) -> UnknownNameError:
    known, lowered = [table.name for table in TABLES], name.lower()
    near = [each for each in known if each.endswith(f".{lowered}")] or get_close_matches(lowered, known)
    hint = f"did you mean {' or '.join(near)}?" if near else f"expected one of {', '.join(known)}"
    return UnknownNameError(f"query: unknown table {name!r}: {hint}")


def _unknown(error: duckdb.CatalogException) -> UnknownNameError:
    """Say what is near an unknown table; for an unknown function DuckDB does."""
    table = _NO_TABLE.search(str(error))
    return _unknown_table(table[1]) if table else UnknownNameError(f"query: {_one_line(error)}")


def _register(connection: duckdb.DuckDBPyConnection, lake: ArrowLake, used: list[Table], as_of: AsOf | None) -> None:
    """Make the tables readable as ``layer.subject_grain``; all that exist where the query names none."""
    if isinstance(as_of, int) and len(used) != 1:
        names = ", ".join(table.name for table in used) or "none"
        msg = f"--as-of {as_of} is a version of one table, the query names {names}: expected a time"
        raise InvalidQueryError(msg)
    for layer in _LAYERS:
        connection.execute(f"CREATE SCHEMA {layer.strip('.')}")
    for table in used or [table for table in TABLES if lake.exists(table)]:
        # Registered under the dotted name, so that SHOW TABLES lists it; the view lets it be written without quotes.
        connection.register(table.name, lake.scan(table, as_of))
        connection.execute(f'CREATE VIEW {table.name} AS FROM "{table.name}"')


def _batches(rows: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Yield the batches; what DuckDB meets on the way comes through Arrow as another error."""
    try:
        yield from rows
    except (OSError, pa.ArrowException) as error:
        msg = f"query: {_one_line(error)}"
        raise InvalidQueryError(msg) from error


def _one_line(error: Exception) -> str:
    """Return DuckDB's message without its class, its drawing of the place and its advice about settings."""
    text = str(error).partition("\n\n")[0]
    if isinstance(error, duckdb.OutOfMemoryException) or text.startswith("Out of Memory Error"):
        return f"needs more than {MEMORY_LIMIT} of memory: select fewer rows or columns"
    if _GONE.search(text):
        return "a file of this version is gone, vacuumed or just compacted: expected a newer --as-of, or try again"
    return " ".join(text.partition("Error: ")[2].split()) or text
