"""``aisle down``."""

from __future__ import annotations

import click

from deployment.local_stack.services import build_stack
from deployment.settings import load_settings


@click.command()
def command() -> None:
    """Stop the local stack in order; the data stays.

    Each process gets a TERM and time to finish, then its group is killed. Processes that a killed supervisor left
    behind are found and stopped too.

    \b
    Examples:
      aisle down
      AISLE_DATA_DIR=/var/lib/aisle aisle down
    """
    stack = build_stack(load_settings())
    if stack.down(report=click.echo):
        click.echo(f"the stack is stopped; its data stays in {stack.data_dir}")
    else:
        click.echo(f"no stack runs in {stack.data_dir}")
