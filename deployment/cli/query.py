"""``aisle query``: read-only SQL on the lake."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

import click
import pyarrow as pa

from contracts.errors import InvalidSettingError
from data_lake.lake_query import query_lake
from deployment.bootstrap.batch import build_lake
from deployment.cli.moments import VersionOrMoment
from deployment.cli.result_formats import FORMATS, Writer
from deployment.settings import load_settings

_ROWS_OF_A_TABLE = 100


@click.command("query")
@click.argument("sql")
@click.option(
    "--as-of", type=VersionOrMoment(), metavar="VERSION|TIME", help="Read the tables as they were: time travel."
)
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="table", show_default=True)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help=f"At most so many rows.  [default: {_ROWS_OF_A_TABLE} for --format table, else all]",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write into this file.")
def command(sql: str, as_of: int | datetime | None, form: str, limit: int | None, output: Path | None) -> None:
    """Run SQL (DuckDB's dialect) on the lake and print the rows.

    Tables are named as in the lake: silver.clickstream_events, gold.product_daily. One SELECT, WITH, DESCRIBE or
    SHOW; nothing can be written, and no file or setting read. Times are UTC. Safe beside the streams: every table
    is read as one snapshot.

    \b
    Examples:
      aisle query "show tables"
      aisle query "describe silver.sessions"
      aisle query "select event_type, count(*) from silver.clickstream_events group by all order by 2 desc"
      aisle query "select count(*) from gold.visitor_features" --as-of 12
      aisle query "select * from gold.product_daily" --as-of 2026-11-21T10:00:00Z --format csv > then.csv
      aisle query "from silver.sessions" --format parquet --output sessions.parquet
    """
    if form == "parquet" and output is None and sys.stdout.isatty():
        msg = "--format parquet is not for a terminal: give --output FILE, or redirect it"
        raise click.UsageError(msg)
    shown = limit or (_ROWS_OF_A_TABLE if form == "table" else None)
    write: Writer = FORMATS[form]
    with query_lake(build_lake(load_settings()), sql, as_of, shown) as rows, _opened(output) as out:
        counted = _Counted(rows)
        write(rows.schema, counted, out)
    if limit is None and counted.rows == shown:
        click.echo(f"the first {counted.rows} rows: --limit N shows more", err=True)


class _Counted:
    """Batches, and how many rows of them were taken."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self._batches = batches
        self.rows = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._batches:
            self.rows += batch.num_rows
            yield batch


@contextmanager
def _opened(output: Path | None) -> Iterator[IO[bytes]]:
    if output is None:
        yield sys.stdout.buffer
        return
    try:
        with output.open("wb") as file:
            yield file
    except OSError as error:
        msg = f"--output {output}: {error.strerror}"
        raise InvalidSettingError(msg) from error
