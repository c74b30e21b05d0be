"""A Parquet file, read in batches; every value as text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from data_sources.source import SourceRow, invalid

MAGIC = b"PAR1"
_ROWS_PER_BATCH = 10_000


@dataclass(frozen=True)
class ParquetFile:
    """A Parquet file. A member of a struct is a column ``outer.inner``; times are ISO 8601, in UTC where zoned."""

    path: Path
    unit = "row"

    def header(self) -> list[str]:
        """Return the column names."""
        with self._open() as file:
            names: list[str] = _flat(pa.Table.from_batches([], file.schema_arrow)).column_names
            return names

    def rows(self) -> Iterator[SourceRow]:
        """Yield every row; its bytes are its cells as one JSON object, null where there is no value."""
        read = 0
        with self._open() as file:
            try:
                for batch in file.iter_batches(_ROWS_PER_BATCH):
                    yield from _rows_of(batch, read + 1)
                    read += batch.num_rows
            except (pa.ArrowException, OSError) as error:
                raise invalid(self.path, f"is damaged after row {read}: {_first_line(error)}") from error

    @contextmanager
    def _open(self) -> Iterator[pq.ParquetFile]:
        try:
            file = pq.ParquetFile(self.path)
        except (pa.ArrowException, OSError) as error:
            raise invalid(self.path, f"cannot be read as Parquet: {_first_line(error)}") from error
        with file:
            yield file


def _rows_of(batch: pa.RecordBatch, first: int) -> Iterator[SourceRow]:
    table = _flat(pa.Table.from_batches([batch]))
    columns = [_texts(column.combine_chunks()) for column in table.columns]
    for number, texts in enumerate(zip(*columns, strict=True), first):
        raw = orjson.dumps(dict(zip(table.column_names, texts, strict=True)))
        yield SourceRow(number, raw, [text or "" for text in texts])


def _flat(table: pa.Table) -> pa.Table:
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


def _texts(column: pa.Array) -> list[str | None]:
    """Return the values as texts: numbers in their shortest form, decimals with all their places."""
    if pa.types.is_timestamp(column.type):
        zone = "UTC" if column.type.tz else None
        column = column.cast(pa.timestamp("us", zone), safe=False)
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        return [None if value is None else _text(value) for value in column.to_pylist()]
    texts: list[str | None] = column.cast(pa.string()).to_pylist()
    return texts


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return orjson.dumps(value, default=str).decode()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
