"""``aisle lake``: care of the tables."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import click

from contracts.tables import TABLES, Table, table_named
from data_lake.arrow_lake import ArrowLake
from data_lake.care.history import history
from data_lake.care.optimizing import optimize
from deployment.bootstrap.batch import build_lake
from deployment.cli.text_table import text_table
from deployment.settings import load_settings

_COUNTS = ("added", "updated", "removed")


@click.group("lake")
def command() -> None:
    """Care of the tables: compaction, history, old versions, retention, erasure.

    Every command is safe beside the running streams, and safe to repeat.

    \b
    Examples:
      aisle lake optimize
      aisle lake history silver.sessions
    """


@command.command("optimize")
@click.argument("tables", nargs=-1, metavar="[TABLE]...")
def optimize_command(tables: tuple[str, ...]) -> None:
    """Make few files of many small ones, in all tables or those named.

    \b
    Examples:
      aisle lake optimize
      aisle lake optimize silver.clickstream_events gold.product_daily
    """
    lake = _lake("optimize")
    for table in _chosen(lake, tables):
        done = optimize(lake, table)
        before, after = done.before, done.after
        files = f"{before.files} files, {_mb(before.bytes)}"
        changed = "" if before == after else f" → {after.files} files, {_mb(after.bytes)}"
        click.echo(f"{table.name}: {files}{changed or ', nothing to do'}")


@command.command("history")
@click.argument("table")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
def history_command(table: str, limit: int) -> None:
    """Show the versions of TABLE, the newest first: when, what, how many rows, by whom.

    \b
    Examples:
      aisle lake history gold.product_daily
      aisle lake history silver.clickstream_events --limit 100
    """
    versions = history(_lake("history"), table_named(table), limit)
    rows = (
        (
            *(str(each.number), f"{each.committed_at:%Y-%m-%dT%H:%M:%SZ}", each.operation),
            *("" if count is None else str(count) for count in (each.added, each.updated, each.removed)),
            each.by,
        )
        for each in versions
    )
    columns = ("version", "committed_at", "operation", *_COUNTS, "by")
    click.echo(text_table(columns, rows, sys.stdout.isatty(), numbers=("version", *_COUNTS)), nl=False)


def _lake(what: str) -> ArrowLake:
    return build_lake(load_settings(), by=f"aisle lake {what}")


def _chosen(lake: ArrowLake, names: Sequence[str]) -> Iterator[Table]:
    """Yield the named tables, or all that are there; raises ``UnknownNameError`` before the first."""
    named = [table_named(name) for name in names]
    yield from named or (table for table in TABLES if lake.exists(table))


def _mb(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
