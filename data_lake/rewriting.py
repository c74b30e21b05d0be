"""A table read and written anew from what was read, of any size, in one commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import Full, Queue

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import write_deltalake

from contracts.tables import Table
from data_lake.arrow_lake import ArrowLake, committing
from data_lake.schemas import arrow_schema

_BATCHES_AHEAD = 8
_LOOK_EVERY_S = 0.2
_Handed = Queue[pa.RecordBatch | None]
# Handed over in place of the rest where making it failed.
_NOT_ALL = pa.record_batch({})


class Rewriting:
    """One table as it is when this is made; raises ``NotReadyError`` where it was never made."""

    def __init__(self, lake: ArrowLake, table: Table) -> None:
        self._lake = lake
        self._table = table
        self._opened = lake.open(table)

    @property
    def rows(self) -> ds.Dataset:
        """The rows that it had then."""
        return self._opened.to_pyarrow_dataset()

    def write(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Make ``batches`` all that the table holds; few of them are in memory at once.

        Raises ``TableChangedError`` where another process changed the rows since this was made, and what ``batches``
        raises: the table is then as it was.
        """
        handed: _Handed = Queue(_BATCHES_AHEAD)
        with ThreadPoolExecutor(1) as pool:
            # delta-rs reads in a thread of its own runtime, in which it cannot be asked for anything else: so the
            # batches are made here, where they may read tables, and where Ctrl-C arrives.
            writing = pool.submit(self._write, handed)
            try:
                for batch in batches:
                    _hand_over(batch, handed, writing)
                    if writing.done():
                        break
            except BaseException:
                _hand_over(_NOT_ALL, handed, writing)
                with suppress(Exception):
                    writing.result()
                raise
            _hand_over(None, handed, writing)
            writing.result()

    def _write(self, handed: _Handed) -> None:
        reader = pa.RecordBatchReader.from_batches(arrow_schema(self._table), _taken(handed))
        with committing(self._table):
            write_deltalake(self._opened, reader, mode="overwrite", commit_properties=self._lake.mark())


def _hand_over(batch: pa.RecordBatch | None, handed: _Handed, writing: Future[None]) -> None:
    """Wait until there is room, or until the writing has failed."""
    while not writing.done():
        with suppress(Full):
            return handed.put(batch, timeout=_LOOK_EVERY_S)
    return None


def _taken(handed: _Handed) -> Iterator[pa.RecordBatch]:
    """Yield up to the end, which is None; ``_NOT_ALL`` breaks the stream, so that nothing is committed."""
    while (batch := handed.get()) is not None:
        if batch is _NOT_ALL:
            msg = "the batches ended too early"
            raise RuntimeError(msg)
        yield batch
