from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession

from batch_processing.recommendations import SCHEMA
from deployment.bootstrap.spark_scoring import SparkScoring

HISTORIES = pa.schema([("customer_id", pa.string()), ("source_events", pa.int64())])


def _rows(histories: pa.RecordBatch) -> pa.RecordBatch:
    """A row a customer, whose score is its number of events."""
    columns = {name: pa.nulls(histories.num_rows, SCHEMA.field(name).type) for name in SCHEMA.names}
    events = histories.column("source_events")
    made = {"customer_id": histories.column("customer_id"), "source_events": events, "score": events.cast("double")}
    return pa.RecordBatch.from_pydict(columns | made, SCHEMA)


def test_rows_are_those_of_one_machine_and_no_file_stays(spark: SparkSession, tmp_path: Path) -> None:
    events = pa.array(range(60_000), pa.int64())
    batches = pa.table({"customer_id": events.cast("string"), "source_events": events}, HISTORIES).to_batches(7_000)
    made = pa.Table.from_batches(SparkScoring(spark, _rows, str(tmp_path))(batches)).cast(SCHEMA)
    expected = pa.Table.from_batches(map(_rows, batches))
    assert made.take(pc.sort_indices(made["source_events"])) == expected
    assert list((tmp_path / "_scratch").iterdir()) == []


def test_without_anybody_to_score_there_are_no_rows(spark: SparkSession, tmp_path: Path) -> None:
    assert list(SparkScoring(spark, _rows, str(tmp_path))([])) == []
