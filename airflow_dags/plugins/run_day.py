"""The day that a DAG run is for: the one asked for, else the one its schedule means."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from contracts.errors import UserError

DAY_PATTERN = r"^\d{4}-\d{2}-\d{2}$"
# The day as a template; needs the DAG's macro `run_day` and its parameter `day`.
RUN_DAY = "{{ run_day(params.day, dag_run) }}"


class DagRun(Protocol):
    """The two times of Airflow's DAG run that say which day it is for."""

    logical_date: datetime | None
    run_after: datetime


def run_day(asked: str | None, dag_run: DagRun) -> str:
    """Return the day of a run as ``YYYY-MM-DD``, in UTC.

    A run of the schedule has the day it covers as its logical date. A run triggered with ``logical_date: null``
    and no ``day`` is for the day before. Raises ``UserError`` on anything but a day of the calendar.
    """
    if asked is not None:
        return _checked(asked)
    covered = dag_run.logical_date or dag_run.run_after - timedelta(days=1)
    return covered.astimezone(UTC).date().isoformat()


def _checked(asked: str) -> str:
    """``date.fromisoformat`` alone takes ``20191001`` and ``2019-W40-1`` too."""
    if re.fullmatch(DAY_PATTERN, asked, re.ASCII):
        try:
            return date.fromisoformat(asked).isoformat()
        except ValueError:
            pass
    msg = f"day={asked!r}: expected a day of the calendar as YYYY-MM-DD"
    raise UserError(msg)
