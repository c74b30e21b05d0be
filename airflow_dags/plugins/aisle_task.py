"""A task that runs one ``aisle`` command."""

from __future__ import annotations

import sys
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator

# The command of the environment that Airflow itself runs in, whatever the PATH says.
_AISLE = str(Path(sys.executable).with_name("aisle"))


def aisle_task(task_id: str, arguments: str, *, day: str = "", retries: int = 1) -> BashOperator:
    """Return a task that runs ``aisle ARGUMENTS``, where ``"$DAY"`` stands for ``day``, a template.

    The day reaches the shell as a variable and never as part of the command's text, so that nothing in a run's
    ``conf`` can be executed.
    """
    return BashOperator(
        task_id=task_id,
        bash_command=f'exec "$AISLE" {arguments}',
        env={"AISLE": _AISLE, "DAY": day},
        append_env=True,
        retries=retries,
        do_xcom_push=False,
        # 99 is an error like any other: Airflow would call it skipped.
        skip_on_exit_code=None,
    )
