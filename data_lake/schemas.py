"""A table contract's columns as a Spark schema."""

from __future__ import annotations

from pyspark.sql.types import StructField, StructType

from contracts.tables import Table


def spark_schema(table: Table) -> StructType:
    """Return the table's schema, each column's meaning as its comment; needs a running Spark session."""
    parsed = StructType.fromDDL(table.schema)
    if not isinstance(parsed, StructType):
        msg = f"the columns of {table.name} are no struct: {table.schema}"
        raise TypeError(msg)
    documented = zip(parsed, table.columns, strict=True)
    return StructType([_with_comment(field, column.doc) for field, column in documented])


def _with_comment(field: StructField, comment: str) -> StructField:
    return StructField(field.name, field.dataType, metadata={"comment": comment} if comment else None)
