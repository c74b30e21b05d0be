"""Scoring on Spark, for more customers than one machine scores in a night: histories in, rows out, by ``mapInArrow``.

Both pass through Parquet files under the lake, which every worker reaches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs
from pyspark.sql import SparkSession

from contracts.tables import GOLD_RECOMMENDATIONS

_CUSTOMERS_A_FILE = 25_000


Rows = Callable[[pa.RecordBatch], pa.RecordBatch]


class SparkScoring:
    """An ``Engine``. ``rows`` makes the rows of a batch; it is sent to the workers with the model in it."""

    def __init__(self, spark: SparkSession, rows: Rows, lake_uri: str) -> None:
        self._spark = spark
        self._rows = rows
        self._scratch = f"{lake_uri}/_scratch/recommendations"

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the rows when all of them are made; the files, and those that a killed run left, are deleted."""
        files, root = fs.FileSystem.from_uri(self._scratch)
        with suppress(FileNotFoundError):
            files.delete_dir(root)
        try:
            if _staged(batches, files, f"{root}/histories"):
                histories = self._spark.read.parquet(f"{self._scratch}/histories")
                rows = histories.mapInArrow(_of_batches(self._rows), GOLD_RECOMMENDATIONS.schema)
                rows.write.parquet(f"{self._scratch}/rows")
                yield from ds.dataset(f"{root}/rows", filesystem=files, format="parquet").to_batches()
        finally:
            files.delete_dir(root)


def _of_batches(rows: Rows) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return what ``mapInArrow`` calls: a function without the session, which cannot be sent."""

    def score(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return map(rows, batches)

    return score


def _staged(batches: Iterable[pa.RecordBatch], files: fs.FileSystem, directory: str) -> bool:
    """Write the batches, and say whether there were any."""
    remaining = iter(batches)
    first = next(remaining, None)
    files.create_dir(directory)
    if first is not None:
        ds.write_dataset(
            chain([first], remaining),
            directory,
            schema=first.schema,
            filesystem=files,
            format="parquet",
            max_rows_per_file=_CUSTOMERS_A_FILE,
            max_rows_per_group=_CUSTOMERS_A_FILE,
        )
    return first is not None
