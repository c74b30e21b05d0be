"""``aisle lake rebuild``: silver and gold anew from bronze."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from threading import Event

import click

from contracts.errors import UserError
from contracts.tables import CHECKED_TABLES, SILVER_SESSIONS, Table, bronze_table
from contracts.topics import TOPICS
from data_lake.arrow_lake import ArrowLake
from deployment.settings import load_settings
from stream_processing.rebuilt import adopt_numbers, offsets_in_step

_SAY_EVERY_S = 5.0
_MESSAGES = tuple(bronze_table(topic) for topic in TOPICS)


@click.command("rebuild")
@click.option("--into", required=True, type=click.Path(path_type=Path, file_okay=False), help="A lake of its own.")
def rebuild_command(into: Path) -> None:
    """Make silver, sessions and revenue anew from bronze, in another lake, by the code that runs live.

    Beside the running streams it takes what bronze holds when it starts. Started again it goes on where it was. The
    batch tables follow by `aisle batch run all --stale` on that lake. Made while the streams were stopped, its silver
    and gold can take the place of the lake's.

    \b
    Examples:
      aisle lake rebuild --into ./lake-anew
      AISLE_LAKE_URI=./lake-anew aisle batch run all --stale
    """
    settings = load_settings()
    if into.absolute() == Path(settings.lake):
        msg = f"--into {into} is the lake itself: expected another directory"
        raise UserError(msg)
    source, lake, stop = ArrowLake(settings.lake), ArrowLake(str(into.absolute())), Event()
    # Spark takes a second to import, and no other command of the group needs it.
    build = import_module("deployment.bootstrap.stream").build_rebuild
    before = offsets_in_step(source)
    with build(settings, lake.uri, stop) as runner:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: stop.set())
        runner.drain(_teller(lake, _rows(source, _MESSAGES)))
    checked, sessions = _rows(lake, CHECKED_TABLES), lake.count(SILVER_SESSIONS)
    ended = "stopped, start it again to go on" if stop.is_set() else "done"
    click.echo(f"{ended}: {checked:,} events and rejected messages, {sessions:,} sessions in {into}")
    if not stop.is_set() and before and before == offsets_in_step(source):
        adopt_numbers(source, lake)
        click.echo(f"its silver and gold can take the place of those in {settings.lake}: docs/lake-care.md says how")


def _teller(lake: ArrowLake, messages: int) -> Callable[[object], None]:
    said = time.monotonic()

    def tell(_state: object) -> None:
        nonlocal said
        if time.monotonic() - said >= _SAY_EVERY_S:
            said = time.monotonic()
            click.echo(f"{_rows(lake, CHECKED_TABLES):,} from {messages:,} messages of bronze", err=True)

    return tell


def _rows(lake: ArrowLake, tables: Iterable[Table]) -> int:
    return sum(lake.count(table) for table in tables)
