"""One streaming query: started, watched, and with its failure kept as the exception that it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql.streaming.query import StreamingQuery

from contracts.errors import AisleError, PermanentError, RetryableError
from contracts.tables import Table
from data_lake.arrow_lake import ArrowLake, Transaction
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

        It fails with a ``PermanentError`` where the checkpoint is gone, but not the rows.
        """
        failures: list[Exception] = []
        # A scheduler pool each: a long batch of one must not keep the other waiting.
        self.rows.sparkSession.sparkContext.setLocalProperty("spark.scheduler.pool", self.name)
        writer = self.rows.writeStream.foreachBatch(self._handler(lake, failures)).queryName(self.name)
        writer = writer.option("checkpointLocation", lake.checkpoint(self.name))
        if trigger_s is None:
            return RunningQuery(self.name, writer.trigger(availableNow=True).start(), failures)
        return RunningQuery(self.name, writer.trigger(processingTime=f"{trigger_s} seconds").start(), failures)

    def _handler(self, lake: ArrowLake, failures: list[Exception]) -> Callable[[DataFrame, int], None]:
        def handle(rows: DataFrame, number: int) -> None:
            try:
                transaction = Transaction(_query_id(rows), number)
                if number == 0:
                    _require_own(lake, self.fills, transaction.writer)
                self.target(MicroBatch(rows.toArrow(), transaction))
            except Exception as error:
                failures.append(error)
                raise

        return handle


def _require_own(lake: ArrowLake, tables: Iterable[Table], writer: str) -> None:
    """Raise ``PermanentError`` where a fresh checkpoint meets rows of another: it would write them a second time."""
    for table in tables:
        if lake.count(table) and not lake.knows(table, writer):
            msg = (
                f"{table.name} has rows, but the checkpoint that they came with is gone: going on would write them "
                f"twice; restore {lake.uri}/_checkpoints, or delete the lake with `aisle reset` and replay"
            )
            raise PermanentError(msg)


def _query_id(rows: DataFrame) -> str:
    """Return the id of the query that a micro-batch is from. It is the checkpoint's: a fresh one has another."""
    query_id = rows.sparkSession.sparkContext.getLocalProperty(_QUERY_ID)
    if query_id is None:
        msg = f"Spark's local property {_QUERY_ID} is not set: writes could not be told apart after a restart"
        raise PermanentError(msg)
    return query_id


@dataclass(frozen=True)
class RunningQuery:
    """A started query. ``failures`` holds what its micro-batches raised."""

    name: str
    query: StreamingQuery
    failures: list[Exception] = field(default_factory=list)

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
        first_line = next(iter(str(self.failures[0] if self.failures else cause).strip().splitlines()), "no text")
        msg = f"streaming query {self.name} failed: {first_line}"
        raise RetryableError(msg) from cause

    def stop(self) -> None:
        """End the query; a micro-batch that is cut runs again at the next start."""
        self.query.stop()
