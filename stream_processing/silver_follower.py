"""Follows silver: hands on the events that landed since the last time, at least once each.

How far it came is known by ``processed_at``, which only grows within a table, and kept beside the streams'
checkpoints. A repetition after a crash, or of everything where that file is lost, must change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow import fs

from contracts.tables import Table
from data_lake.arrow_lake import ArrowLake
from data_lake.sql import run_sql

# Bounds the memory of one step; what landed in one micro-batch is never split.
_MOST_ROWS = 200_000

# The newest time up to which no more than so many rows wait, but at least the oldest.
_CUT = """
    SELECT coalesce(max(processed_at) FILTER (so_far <= most_rows), min(processed_at)) AS cut
    FROM (
        SELECT processed_at, sum(count(*)) OVER (ORDER BY processed_at) AS so_far FROM waiting GROUP BY processed_at
    ), bound
"""

Handle = Callable[[Mapping[Table, pa.Table]], None]


class SilverFollower:
    """Calls ``handle`` with new rows of some of silver's event tables; ``columns`` are what it needs of each."""

    def __init__(self, lake: ArrowLake, columns: Mapping[Table, tuple[str, ...]], handle: Handle) -> None:
        self._lake = lake
        self._columns = columns
        self._handle = handle
        self._progress = _Progress(lake.checkpoint("gold"))

    @property
    def disk(self) -> str:
        """Where it writes to."""
        return self._lake.uri

    def step(self) -> int:
        """Hand on the oldest rows that wait, of every table; return how many there were."""
        marks = self._progress.read()
        waiting = {table: _after(self._lake.scan(table), marks.get(table.name)) for table in self._columns}
        cuts = {table: cut for table, rows in waiting.items() if (cut := _cut(rows))}
        new = {table: self._up_to(cut, waiting[table], table) for table, cut in cuts.items()}
        if new:
            self._handle(new)
            self._progress.write(marks | {table.name: cut for table, cut in cuts.items()})
        return sum(rows.num_rows for rows in new.values())

    def _up_to(self, cut: datetime, waiting: ds.Dataset, table: Table) -> pa.Table:
        return waiting.filter(pc.field("processed_at") <= cut).to_table(columns=list(self._columns[table]))


def _after(rows: ds.Dataset, mark: datetime | None) -> ds.Dataset:
    return rows if mark is None else rows.filter(pc.field("processed_at") > mark)


def _cut(waiting: ds.Dataset) -> datetime | None:
    bound = pa.table({"most_rows": [_MOST_ROWS]})
    [row] = run_sql(_CUT, waiting=waiting, bound=bound).to_pylist()
    cut: datetime | None = row["cut"]
    return cut


class _Progress:
    """Table name → the newest ``processed_at`` that was handled, in one file."""

    def __init__(self, directory: str) -> None:
        self._fs, self._directory = fs.FileSystem.from_uri(directory)
        self._path = f"{self._directory}/progress.json"

    def read(self) -> dict[str, datetime]:
        if self._fs.get_file_info(self._path).type is fs.FileType.NotFound:
            return {}
        with self._fs.open_input_stream(self._path) as file:
            # A loss of power can leave it empty.
            marks = orjson.loads(file.read() or b"{}")
        return {table: datetime.fromisoformat(mark) for table, mark in marks.items()}

    def write(self, marks: Mapping[str, datetime]) -> None:
        """Replace the file in one step."""
        self._fs.create_dir(self._directory)
        fresh = f"{self._path}.fresh"
        with self._fs.open_output_stream(fresh) as file:
            file.write(orjson.dumps(marks))
        self._fs.move(fresh, self._path)
