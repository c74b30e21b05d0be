"""``aisle logs``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from contracts.errors import NotReadyError, UnknownNameError
from deployment.local_stack.logs import follow, last_lines
from deployment.local_stack.services import build_stack
from deployment.log_text import as_text
from deployment.settings import load_settings


@click.command()
@click.argument("name")
@click.option("-n", "--lines", default=100, show_default=True, help="How many lines from the end.")
@click.option("-f", "--follow", "follows", is_flag=True, help="Go on until Ctrl-C.")
def command(name: str, lines: int, follows: bool) -> None:
    """Show the log of process NAME: kafka, redis, mlflow, stream, live, api, collector or supervisord.

    On a terminal as text; elsewhere as it was written: JSON lines, of Aisle's own processes.

    \b
    Examples:
      aisle logs stream
      aisle logs api -f -n 20
      aisle logs api | jq 'select(.level == "error")'
    """
    stack = build_stack(load_settings())
    names = [*(service.name for service in stack.services), "supervisord"]
    if name not in names:
        msg = f"unknown process {name!r}: expected one of {', '.join(names)}"
        raise UnknownNameError(msg)
    path = stack.supervisor.log_path(name)
    if not path.exists():
        msg = f"{name} has no log yet at {path}: start the stack with `aisle up`"
        raise NotReadyError(msg)
    for line in last_lines(path, lines):
        _show(line)
    if follows:
        _follow_until_interrupted(path)


def _follow_until_interrupted(path: Path) -> None:
    try:
        for line in follow(path):
            _show(line)
    except KeyboardInterrupt:
        return


def _show(line: str) -> None:
    click.echo(as_text(line) if sys.stdout.isatty() else line)
