"""The lake through Spark: what the streams read and write. Every write is safe to repeat."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession

from contracts.errors import PermanentError
from contracts.tables import Table
from data_lake.paths import table_path


@dataclass(frozen=True)
class Transaction:
    """Names a write: its ``writer``, unique to a checkpoint, and a ``number`` that only grows there.

    A writer's name that outlives its checkpoint would be a trap: numbers start anew, and Delta skips the writes.
    """

    writer: str
    number: int


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

    def require_checkpoint(self, query: str, table: Table) -> None:
        """Raise ``PermanentError`` where ``table`` has rows, but the query that fills it has no checkpoint."""
        checkpoint = self.checkpoint(query)
        if self._exists(f"{checkpoint}/metadata") or not (rows := self.read(table).count()):
            return
        msg = (
            f"{table.name} holds {rows} rows, but {checkpoint} is gone: going on would write them twice; "
            "restore the checkpoint, or delete the lake with `aisle reset` and replay"
        )
        raise PermanentError(msg)

    def read(self, table: Table) -> DataFrame:
        """Return the table as it is now."""
        return self.spark.read.format("delta").load(self.path(table))

    def _exists(self, uri: str) -> bool:
        try:
            self.spark.read.text(uri)
        except AnalysisException:
            return False
        return True

    def append(self, table: Table, rows: DataFrame, transaction: Transaction) -> None:
        """Add ``rows`` in one commit, unless ``transaction`` or a later one of its writer is in the table already."""
        (
            rows.select(*table.column_names)
            .write.format("delta")
            .mode("append")
            .option("txnAppId", transaction.writer)
            .option("txnVersion", transaction.number)
            .save(self.path(table))
        )
