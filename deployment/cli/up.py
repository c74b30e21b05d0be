"""``aisle up``."""

from __future__ import annotations

import click

from deployment.local_stack.services import build_stack
from deployment.settings import load_settings


@click.command()
@click.option("--only", metavar="NAME,…", default="", help="Start only these services and those they need.")
def command(only: str) -> None:
    """Start the local stack: Kafka, Redis, MLflow, the streaming jobs, the live features and the API.

    Harmless when it runs already: what is missing is started. A port that somebody else listens on, or a missing
    Java, is reported before anything is started.

    \b
    Examples:
      aisle up
      aisle up --only kafka,redis
      AISLE_API__PORT=28080 aisle up
    """
    names = [name.strip() for name in only.split(",") if name.strip()]
    stack = build_stack(load_settings())
    stack.up(names, report=click.echo)
    click.echo(f"the stack runs, data and logs in {stack.data_dir}; see `aisle status`, stop with `aisle down`")
