"""A table contract's columns as an Arrow schema, and as Spark's."""

from __future__ import annotations

import re
from functools import cache

import pyarrow as pa
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StructType

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
    """Return the table's schema, each column's meaning as its comment."""
    return pa.schema([
        pa.field(column.name, arrow_type(column.type), metadata={"comment": column.doc} if column.doc else None)
        for column in table.columns
    ])  # fmt: skip


def spark_schema(table: Table) -> StructType:
    """Return the table's schema, without comments."""
    schema: StructType = from_arrow_schema(arrow_schema(table))
    return schema


def contracted(rows: pa.Table, table: Table) -> pa.Table:
    """Return ``rows`` with exactly the table's columns and types; raises ``ArrowInvalid`` where one does not fit."""
    schema = arrow_schema(table)
    return rows.select(schema.names).cast(schema)


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
