"""``aisle airflow``."""

from __future__ import annotations

import click

from deployment.local_stack.airflow_run import run_airflow
from deployment.local_stack.airflow_server import AirflowServer
from deployment.settings import child_environment, load_settings


@click.command()
def command() -> None:
    """Run Airflow with Aisle's DAGs until Ctrl-C or TERM, on loopback, with SQLite.

    The first start makes a password for the user admin, shows it and keeps it in a file that only you can read.
    Tasks run `aisle` with these settings: start the stack first (`aisle up`).

    \b
    Examples:
      aisle airflow
      AISLE_AIRFLOW__PORT=28081 aisle airflow
    """
    settings = load_settings()
    run_airflow(AirflowServer(settings, child_environment(settings)), report=click.echo)
