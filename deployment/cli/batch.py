"""``aisle batch``: build and check the tables of a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import click

from batch_processing.batch_tables import BATCH_TABLES, BatchTable
from batch_processing.days import days_between
from batch_processing.expectations import check_day
from batch_processing.running import BatchRun, Built
from contracts.clock import SystemClock
from contracts.errors import NotReadyError, UnknownNameError
from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.batch import build_lake
from deployment.settings import load_settings

_TABLE_OF = {table.contract.name.partition(".")[2]: table for table in BATCH_TABLES}
_BY_NAME = _TABLE_OF | {table.contract.name: table for table in BATCH_TABLES}
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def command() -> None:
    """Build and check the tables of a day.

    \b
    Examples:
      aisle batch run all --stale
      aisle batch run product_daily --date 2026-11-21
      aisle batch check product_daily --date 2026-11-21
    """


@command.command()
@click.argument("names", metavar="TABLE...", nargs=-1, required=True)
@click.option("--date", "first", type=_DAY, help="The day (UTC), or the first of several.")
@click.option("--to", "last", type=_DAY, help="The last day; default: --date.")
@click.option("--stale", is_flag=True, help="All days whose silver events changed; as-of tables for the latest day.")
def run(names: tuple[str, ...], first: datetime | None, last: datetime | None, stale: bool) -> None:
    """Build tables (or `all`) for whole days, replacing what they held; safe to repeat.

    \b
    Examples:
      aisle batch run all --date 2026-11-21
      aisle batch run product_daily store_daily --date 2026-11-01 --to 2026-11-21
      aisle batch run all --stale
    """
    lake, tables = build_lake(load_settings(), by="aisle batch"), _tables(names)
    if stale == (first is not None):
        raise click.UsageError("give either --date or --stale")
    days = [] if first is None else _days(first, last or first)
    _require_silver(lake)
    batch = BatchRun(lake, _tell)
    if stale:
        batch.build_stale(tables, _today())
    else:
        batch.build_days(tables, days)
    click.echo("done")


@command.command()
@click.argument("table")
@click.option("--date", "day", type=_DAY, required=True, help="The day (UTC).")
def check(table: str, day: datetime) -> None:
    """Check TABLE's rows of a day against its expectations; exit 1 where they break.

    \b
    Examples:
      aisle batch check product_daily --date 2026-11-21
    """
    [day_of] = _days(day, day)
    for each in _tables([table]):
        rows, expectations = check_day(build_lake(load_settings()), each.contract, day_of)
        click.echo(f"{each.contract.name} {day_of}: {rows} rows meet {expectations} expectations")


@command.command(name="list")
def list_tables() -> None:
    """List the tables that batch builds, with their grain and rows.

    \b
    Examples:
      aisle batch list
    """
    lake = build_lake(load_settings())
    for name, table in _TABLE_OF.items():
        rows = f"{lake.count(table.contract)} rows" if lake.exists(table.contract) else "not built yet"
        click.echo(f"{name:<26}{rows:<16}{table.contract.grain}")


def _tables(names: Sequence[str]) -> list[BatchTable]:
    if "all" in names:
        return list(BATCH_TABLES)
    for name in names:
        if name not in _BY_NAME:
            msg = f"unknown batch table {name!r}: expected one of all, {', '.join(_TABLE_OF)}"
            raise UnknownNameError(msg)
    asked = [_BY_NAME[name] for name in names]
    return [table for table in BATCH_TABLES if table in asked]


def _days(first: datetime, last: datetime) -> list[date]:
    if last < first:
        msg = f"--to {last.date()} is before --date {first.date()}"
        raise click.UsageError(msg)
    if last.date() > _today():
        msg = f"{last.date()} is in the future: today is {_today()} (UTC)"
        raise click.UsageError(msg)
    return days_between(first.date(), last.date())


def _today() -> date:
    return SystemClock().now().astimezone(UTC).date()


def _require_silver(lake: ArrowLake) -> None:
    silver = (SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS)
    if not any(lake.exists(table) and lake.count(table) for table in silver):
        msg = f"silver has no events under {lake.uri}: run `aisle simulate` or `aisle replay` first"
        raise NotReadyError(msg)


def _tell(built: Built) -> None:
    first, last = min(built.days), max(built.days)
    days = str(first) if first == last else f"{first}…{last} ({len(built.days)} days)"
    click.echo(f"{built.table} {days}: {built.rows} rows in {built.seconds:.1f} s")
