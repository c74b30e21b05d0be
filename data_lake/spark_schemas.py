"""A table contract's columns as a Spark schema: apart from Arrow's, which must not load Spark."""

from __future__ import annotations

from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StructType

from contracts.tables import Table
from data_lake.schemas import arrow_schema


def spark_schema(table: Table) -> StructType:
    """Return the table's schema, without comments."""
    schema: StructType = from_arrow_schema(arrow_schema(table))
    return schema
