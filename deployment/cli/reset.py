"""``aisle reset``."""

from __future__ import annotations

import shutil

import click

from contracts.errors import InvalidSettingError, NotReadyError, UserError
from deployment.local_stack.airflow_run import marked_processes
from deployment.local_stack.airflow_server import AirflowServer
from deployment.local_stack.services import build_stack
from deployment.settings import PROJECT_ROOT, child_environment, load_settings


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(yes: bool) -> None:
    """Delete the data of a stopped stack: tables, topics, features, models, logs.

    Refuses while the stack or Airflow runs, and where the data directory does not look like one of Aisle's.

    \b
    Examples:
      aisle reset
      aisle down && aisle reset --yes
    """
    settings = load_settings()
    stack, airflow = build_stack(settings), AirflowServer(settings, child_environment(settings))
    if stack.runs():
        msg = f"the stack in {stack.data_dir} runs: stop it first with `aisle down`"
        raise UserError(msg)
    if marked_processes(airflow):
        msg = f"Airflow runs in {airflow.home}: stop it first, with Ctrl-C where it runs"
        raise UserError(msg)
    if not stack.data_dir.exists():
        msg = f"there is nothing to reset: {stack.data_dir} does not exist"
        raise NotReadyError(msg)
    if PROJECT_ROOT.is_relative_to(stack.data_dir) or not (stack.data_dir / "run").is_dir():
        msg = f"AISLE_DATA_DIR={stack.data_dir} does not look like a data directory of Aisle: delete it by hand"
        raise InvalidSettingError(msg)
    if yes or click.confirm(f"Delete all data in {stack.data_dir}?"):
        shutil.rmtree(stack.data_dir)
        click.echo(f"deleted {stack.data_dir}")
