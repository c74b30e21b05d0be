"""Rows of a query as a table for people, CSV, JSON lines or Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import IO, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from deployment.cli.printable import readable
from deployment.cli.text_table import text_table

Batches = Iterable[pa.RecordBatch]
Writer = Callable[[pa.Schema, Batches, IO[bytes]], None]


def _as_table(schema: pa.Schema, batches: Batches, out: IO[bytes]) -> None:
    """Hold all rows at once."""
    numbers = [field.name for field in schema if _is_number(field.type)]
    rows = (tuple(map(_cell, values)) for values in _tuples(batches))
    out.write(text_table(schema.names, rows, out.isatty(), numbers).encode())


def _as_csv(schema: pa.Schema, batches: Batches, out: IO[bytes]) -> None:
    """Nested values are JSON, null is nothing."""
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    for values in chain([schema.names], _tuples(batches)):
        writer.writerow(map(_cell, values))
        out.write(line.getvalue().encode())
        line.seek(line.truncate(0))


def _as_json(schema: pa.Schema, batches: Batches, out: IO[bytes]) -> None:
    """One object a line; decimals and bytes are texts, as in an event."""
    for values in _tuples(batches):
        out.write(_json(dict(zip(schema.names, values, strict=True))) + b"\n")


def _as_parquet(schema: pa.Schema, batches: Batches, out: IO[bytes]) -> None:
    with pq.ParquetWriter(out, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


# Format → what writes all rows in it.
FORMATS: dict[str, Writer] = {"table": _as_table, "csv": _as_csv, "json": _as_json, "parquet": _as_parquet}


def _tuples(batches: Batches) -> Iterator[tuple[Any, ...]]:
    for batch in batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return readable(value) if isinstance(value, bytes) else _json(value).decode().strip('"')


def _json(value: object) -> bytes:
    return orjson.dumps(value, default=_as_text, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def _as_text(value: object) -> str:
    return readable(value) if isinstance(value, bytes) else str(value)


def _is_number(of: pa.DataType) -> bool:
    return bool(pa.types.is_integer(of) or pa.types.is_floating(of) or pa.types.is_decimal(of))
