"""``aisle status``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import timedelta

import click
from rich.console import Console
from rich.table import Table

from deployment.local_stack.services import build_stack
from deployment.local_stack.stack import ServiceStatus
from deployment.settings import load_settings

_NOT_HEALTHY = 3
_COLOURS = {"healthy": "green", "outside": "green", "starting": "yellow", "failing": "red", "unreachable": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list instead of a table.")
def command(as_json: bool) -> None:
    """Show every process: state, pid, port, uptime, memory (PSS of the process and its children).

    Exits with 0 when all are healthy, with 3 when not.

    \b
    Examples:
      aisle status
      aisle status --json
    """
    statuses = build_stack(load_settings()).status()
    if as_json:
        click.echo(json.dumps([status.as_dict() for status in statuses], indent=2))
    else:
        Console().print(_table(statuses))
    if not all(status.is_healthy for status in statuses):
        sys.exit(_NOT_HEALTHY)


def _table(statuses: Sequence[ServiceStatus]) -> Table:
    table = Table("process", "state")
    for column in ("pid", "port", "uptime", "memory"):
        table.add_column(column, justify="right")
    for status in statuses:
        colour = _COLOURS.get(status.state, "dim")
        memory = "" if status.memory_mib is None else f"{status.memory_mib:.0f} MiB"
        uptime = "" if status.uptime_s is None else str(timedelta(seconds=status.uptime_s))
        table.add_row(
            status.name, f"[{colour}]{status.state}[/]", str(status.pid or ""), str(status.port or ""), uptime, memory
        )
    return table
