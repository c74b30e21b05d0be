"""A table contract's columns as an Arrow schema."""

from __future__ import annotations

import re
from functools import cache

import pyarrow as pa

from contracts.tables import Table

_TYPES: dict[str, pa.DataType] = {
    "bigint": pa.int64(),
    "binary": pa.binary(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "double": pa.float64(),
    "int": pa.int32(),
    "string": pa.string(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
_NESTED = re.compile(r"(array|struct)<(.+)>")
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
# A comma inside decimal(18,4) separates no members.
_BETWEEN_MEMBERS = re.compile(r",(?=\w+:)")


@cache
def arrow_schema(table: Table) -> pa.Schema:
    """Return the schema that rows are read and written with."""
    return pa.schema([(column.name, arrow_type(column.type)) for column in table.columns])


def documented_schema(table: Table) -> pa.Schema:
    """Return the schema that the table is created with: each column's meaning as its comment.

    Not for writing: delta-rs refuses rows whose comment is not the one that the table was created with.
    """
    return pa.schema([
        field.with_metadata({"comment": column.doc}) if column.doc else field
        for field, column in zip(arrow_schema(table), table.columns, strict=True)
    ])  # fmt: skip


def contracted(rows: pa.Table, table: Table) -> pa.Table:
    """Return ``rows`` with exactly the table's columns and types; raises ``ArrowInvalid`` where one does not fit."""
    schema = arrow_schema(table)
    return rows.select(schema.names).cast(schema)


def typed(rows: pa.Table, table: Table) -> pa.Table:
    """Return ``rows``, of which every column is the table's, with the table's types; raises like ``contracted``."""
    schema = arrow_schema(table)
    return rows.cast(pa.schema([schema.field(name) for name in rows.column_names]))


def arrow_type(sql_type: str) -> pa.DataType:
    """Return the Arrow type of a Spark SQL type, a struct's members being plain; raises ``ValueError``."""
    if nested := _NESTED.fullmatch(sql_type):
        kind, inside = nested.groups()
        if kind == "array":
            return pa.list_(arrow_type(inside))
        members = (member.split(":", 1) for member in _BETWEEN_MEMBERS.split(inside))
        return pa.struct([(name, arrow_type(of)) for name, of in members])
    if decimal := _DECIMAL.fullmatch(sql_type):
        precision, scale = decimal.groups()
        return pa.decimal128(int(precision), int(scale))
    if sql_type not in _TYPES:
        msg = f"no Arrow type for {sql_type!r}: expected array<…>, struct<…>, decimal(p,s), {', '.join(_TYPES)}"
        raise ValueError(msg)
    return _TYPES[sql_type]
