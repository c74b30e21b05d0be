"""``aisle lake``: care of the tables."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta

import click

from contracts.clock import SystemClock
from contracts.errors import UnknownNameError
from contracts.tables import TABLES, Table, table_named
from data_lake.arrow_lake import ArrowLake
from data_lake.care.history import history
from data_lake.care.optimizing import optimize
from data_lake.care.pins import pin, pins, unpin
from data_lake.care.retention import Rule, expire, load_policy
from data_lake.care.vacuuming import RETENTION, vacuum
from deployment.bootstrap.batch import build_lake
from deployment.cli.durations import Duration
from deployment.cli.lake_forget import forget_command
from deployment.cli.lake_rebuild import rebuild_command
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
      aisle lake vacuum --dry-run
      aisle lake expire --dry-run
      aisle lake forget c-000042 --dry-run
      aisle lake rebuild --into ./lake-anew
    """


command.add_command(forget_command)
command.add_command(rebuild_command)


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


@command.command("vacuum")
@click.argument("tables", nargs=-1, metavar="[TABLE]...")
@click.option("--retention", type=Duration(), default=RETENTION, show_default="7d", help="At least 1h.")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted; delete nothing.")
def vacuum_command(tables: tuple[str, ...], retention: timedelta, dry_run: bool) -> None:
    """Delete the files that no version within the retention needs, nor a pinned one.

    \b
    Examples:
      aisle lake vacuum --dry-run
      aisle lake vacuum silver.sessions gold.visitor_features --retention 2d
    """
    lake = _lake("vacuum")
    for table in _chosen(lake, tables):
        done = vacuum(lake, table, retention, dry_run=dry_run)
        kept = f", {done.pinned} files kept for pins" if done.pinned else ""
        click.echo(f"{table.name}: {done.files} files, {_mb(done.bytes)} {_deleted(dry_run)}{kept}")


@command.command("expire")
@click.argument("tables", nargs=-1, metavar="[TABLE]...")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted; delete nothing.")
def expire_command(tables: tuple[str, ...], dry_run: bool) -> None:
    """Delete the rows that are older than the policy allows (data_lake/care/retention.yaml).

    Earlier versions of the tables hold them until vacuum. Gold keeps what was counted from them.

    \b
    Examples:
      aisle lake expire --dry-run
      aisle lake expire bronze.clickstream bronze.pos
    """
    lake, today = _lake("expire"), SystemClock().now().date()
    for rule in _rules(lake, tables):
        done = expire(lake, rule, today, dry_run=dry_run)
        click.echo(f"{done.table.name}: {done.rows} rows before {done.kept_from:%Y-%m-%d} {_deleted(dry_run)}")


@command.command("pin")
@click.argument("table")
@click.argument("version", type=click.IntRange(min=0))
@click.option("--name", required=True, help="What it is kept for.")
def pin_command(table: str, version: int, name: str) -> None:
    """Keep VERSION of TABLE readable: vacuum leaves its files alone.

    \b
    Examples:
      aisle lake pin silver.sessions 412 --name recommender-7
    """
    made = pin(_lake("pin"), table_named(table), version, name, SystemClock())
    click.echo(f"{made.table} version {made.version} is pinned as {made.name}: {len(made.files)} files")


@command.command("unpin")
@click.argument("table")
@click.option("--name", required=True)
def unpin_command(table: str, name: str) -> None:
    """Let vacuum take a pinned version of TABLE again.

    \b
    Examples:
      aisle lake unpin silver.sessions --name recommender-7
    """
    unpin(_lake("unpin"), table_named(table), name)
    click.echo(f"{table}: {name} is unpinned")


@command.command("pins")
def pins_command() -> None:
    """List the pinned versions.

    \b
    Examples:
      aisle lake pins
    """
    found = pins(_lake("pins"))
    if not found:
        click.echo("nothing is pinned")
        return
    rows = (
        (each.table, each.name, str(each.version), f"{each.pinned_at:%Y-%m-%dT%H:%M:%SZ}", str(len(each.files)))
        for each in found
    )
    columns = ("table", "name", "version", "pinned_at", "files")
    click.echo(text_table(columns, rows, sys.stdout.isatty(), numbers=("version", "files")), nl=False)


def _lake(what: str) -> ArrowLake:
    return build_lake(load_settings(), by=f"aisle lake {what}")


def _chosen(lake: ArrowLake, names: Sequence[str]) -> Iterator[Table]:
    """Yield the named tables, or all that are there; raises ``UnknownNameError`` before the first."""
    named = [table_named(name) for name in names]
    yield from named or (table for table in TABLES if lake.exists(table))


def _rules(lake: ArrowLake, names: Sequence[str]) -> list[Rule]:
    policy = load_policy()
    for name in names:
        if table_named(name).name not in policy:
            msg = f"{name} has no retention: it keeps all its rows"
            raise UnknownNameError(msg)
    return [policy[name] for name in names] or [rule for rule in policy.values() if lake.exists(rule.table)]


def _deleted(dry_run: bool) -> str:
    return "would be deleted" if dry_run else "deleted"


def _mb(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
