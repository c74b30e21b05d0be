"""The lake through Spark: create, read and write Delta tables. Every write is safe to repeat."""

from __future__ import annotations

from collections.abc import Iterable

import deltalake
from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as sf

from contracts.tables import TABLES, Table
from data_lake.paths import table_path
from data_lake.spark_schemas import spark_schema

_PROPERTIES = {
    # delta-rs reads the tables too: nothing that it cannot read.
    "delta.enableDeletionVectors": "false",
    # A commit a second would leave 86,400 small files a day.
    "delta.autoOptimize.autoCompact": "true",
}


class SparkLake:
    """The tables under ``uri``, a directory or an ``s3a://`` URI."""

    def __init__(self, spark: SparkSession, uri: str) -> None:
        self.spark = spark
        self.uri = uri.rstrip("/")

    def path(self, table: Table) -> str:
        """Return where the table's files are: ``<uri>/<layer>/<subject_grain>``."""
        return table_path(self.uri, table)

    def checkpoint(self, query: str) -> str:
        """Return where a streaming query keeps its progress; delete it only together with the tables it writes."""
        return f"{self.uri}/_checkpoints/{query}"

    def create_missing(self, tables: Iterable[Table] = TABLES) -> None:
        """Create the tables that are not there yet, with exactly the contract's columns.

        Through delta-rs: milliseconds a table, where a cold Spark takes a second, and safe beside another process.
        """
        for table in tables:
            schema = deltalake.Schema.from_json(spark_schema(table).json())
            deltalake.DeltaTable.create(
                self.path(table),
                schema,
                mode="ignore",
                name=table.name,
                description=table.grain,
                configuration=dict(_PROPERTIES),
            )

    def read(self, table: Table) -> DataFrame:
        """Return the table as it is now."""
        return self.spark.read.format("delta").load(self.path(table))

    def insert_new(self, table: Table, rows: DataFrame) -> None:
        """Add the rows whose key the table does not hold yet; ``rows`` must have each key once.

        A repetition adds nothing, so that a batch cut by ``kill -9`` can simply be run again.
        """
        fresh = rows.select(*table.column_names).alias("fresh")
        matches = _same_key(table, "stored", "fresh")
        self._delta(table).alias("stored").merge(fresh, matches).whenNotMatchedInsertAll().execute()

    def replace(self, table: Table, rows: DataFrame, scope: DataFrame) -> None:
        """Make ``rows`` the table's only content within ``scope``, in one commit; nothing else changes.

        ``scope`` holds distinct values of one or more of the table's columns (the touched visitors, minutes or
        dates); every row of ``rows`` must lie in it. Rows that stay as they are are not written again.
        """
        stored = self.read(table).join(scope, scope.columns, "left_semi")
        changes = _changes(table, rows, stored)
        values: dict[str, str | Column] = {f"`{name}`": f"change.fresh.`{name}`" for name in table.column_names}
        (
            self._delta(table)
            .alias("stored")
            .merge(changes.alias("change"), _same_key(table, "stored", "change"))
            .whenMatchedDelete("change.fresh IS NULL")
            .whenMatchedUpdate(set=values)
            .whenNotMatchedInsert("change.fresh IS NOT NULL", values=values)
            .execute()
        )

    def _delta(self, table: Table) -> DeltaTable:
        return DeltaTable.forPath(self.spark, self.path(table))


def _changes(table: Table, rows: DataFrame, stored: DataFrame) -> DataFrame:
    """Return the key columns and ``fresh``: the row to be stored, or null where the stored one must go."""
    key = list(table.key)
    row = sf.struct(*table.column_names)
    fresh = rows.select(*key, row.alias("fresh"))
    old = stored.select(*key, row.alias("old"))
    return fresh.join(old, key, "full_outer").where(~sf.col("fresh").eqNullSafe(sf.col("old"))).drop("old")


def _same_key(table: Table, left: str, right: str) -> str:
    return " AND ".join(f"{left}.`{name}` = {right}.`{name}`" for name in table.key)
