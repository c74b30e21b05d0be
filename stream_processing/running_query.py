"""One streaming query: started, watched, and with its failure kept as the exception that it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame
from pyspark.sql.streaming.query import StreamingQuery

from contracts.errors import AisleError, PermanentError, RetryableError
from contracts.tables import Table
from data_lake.arrow_lake import ArrowLake, Transaction
from stream_processing.checkpoint import prepare_checkpoint
from stream_processing.failure_line import in_one_line
from stream_processing.micro_batch import MicroBatch

_STARTING = "Initializing"
_QUERY_ID = "sql.streaming.queryId"


@dataclass(frozen=True)
class Query:
    """A query that is not started yet. ``name`` names its checkpoint too: it must never change.

    ``target`` is called with each micro-batch and must be repeatable. ``fills`` are the tables whose rows are only as
    exact as the checkpoint.
    """

    name: str
    rows: DataFrame
    target: Callable[[MicroBatch], None]
    fills: Sequence[Table] = ()

    def start(self, lake: ArrowLake, trigger_s: float | None) -> RunningQuery:
        """Start it, a micro-batch at most every ``trigger_s`` seconds; ``None`` ends it with what is there now.

        Raises ``PermanentError`` like ``prepare_checkpoint``.
        """
        prepare_checkpoint(self.name, lake, self.fills)
        failures: list[Exception] = []
        # A scheduler pool each: a long batch of one must not keep the other waiting.
        self.rows.sparkSession.sparkContext.setLocalProperty("spark.scheduler.pool", self.name)
        writer = self.rows.writeStream.foreachBatch(self._handler(failures)).queryName(self.name)
        writer = writer.option("checkpointLocation", lake.checkpoint(self.name))
        if trigger_s is None:
            writer = writer.trigger(availableNow=True)
        else:
            writer = writer.trigger(processingTime=f"{trigger_s} seconds")
        disks = (lake.uri, str(self.rows.sparkSession.conf.get("spark.local.dir")))
        return RunningQuery(self.name, writer.start(), failures, disks)

    def _handler(self, failures: list[Exception]) -> Callable[[DataFrame, int], None]:
        def handle(rows: DataFrame, number: int) -> None:
            try:
                transaction = Transaction(_query_id(rows), number)
                self.target(MicroBatch(rows.toArrow(), transaction))
            except Exception as error:
                failures.append(error)
                raise

        return handle


def _query_id(rows: DataFrame) -> str:
    """Return the id of the query that a micro-batch is from. It is the checkpoint's: a fresh one has another."""
    query_id = rows.sparkSession.sparkContext.getLocalProperty(_QUERY_ID)
    if query_id is None:
        msg = f"Spark's local property {_QUERY_ID} is not set: writes could not be told apart after a restart"
        raise PermanentError(msg)
    return query_id


@dataclass(frozen=True)
class RunningQuery:
    """A started query. ``failures`` holds what its micro-batches raised; it writes to ``disks``."""

    name: str
    query: StreamingQuery
    failures: list[Exception]
    disks: Sequence[str]

    @property
    def is_active(self) -> bool:
        """Whether the query has not ended yet."""
        return self.query.isActive

    @property
    def is_ready(self) -> bool:
        """Whether the query is past its start and takes data."""
        return self.query.isActive and not self.query.status["message"].startswith(_STARTING)

    def progress(self) -> dict[str, Any]:
        """Return the last micro-batch: its number, input rows, rows a second and time; empty before the first."""
        last = self.query.lastProgress
        if last is None:
            return {}
        return {
            "batch": last["batchId"],
            "input_rows": last["numInputRows"],
            "rows_per_s": last["processedRowsPerSecond"],
            "at": last["timestamp"],
        }

    def raise_failure(self) -> None:
        """Raise what ended the query, if it failed.

        An error of Aisle's own as it was; any other as a ``RetryableError``: a restart continues at the checkpoint.
        """
        cause = self.query.exception()
        if cause is None:
            return
        for failure in self.failures:
            if isinstance(failure, AisleError):
                raise failure
        reason = _reason(self.failures[0] if self.failures else cause)
        msg = f"streaming query {self.name} failed: {in_one_line(reason, self.disks)}"
        raise RetryableError(msg) from cause

    def stop(self) -> None:
        """End the query; a micro-batch that is cut runs again at the next start."""
        self.query.stop()


def _reason(error: Exception) -> str:
    """Return the error's text; of one in the JVM that of its causes, the last of which names the file or the disk."""
    if not isinstance(error, Py4JJavaError):
        return str(error)
    said, cause = [], error.java_exception
    while (cause := cause.getCause()) is not None:
        said.append(str(cause.toString()).strip().partition("\n")[0])
    return ": ".join(said[-2:]) or str(error.java_exception.toString())
