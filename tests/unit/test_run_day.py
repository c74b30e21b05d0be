"""The day that a run of a DAG is for."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_dags.plugins.run_day import DAY_PATTERN, run_day
from contracts.errors import UserError

_NIGHT = datetime(2026, 11, 22, 0, 10, tzinfo=UTC)


@dataclass
class Run:
    logical_date: datetime | None = None
    run_after: datetime = _NIGHT


@given(st.dates())
def test_the_day_asked_for_is_the_runs_day(day: date) -> None:
    assert run_day(day.isoformat(), Run(logical_date=_NIGHT)) == day.isoformat()


@pytest.mark.parametrize(
    "asked",
    ["", "2019-1-1", "20191001", "2019-W40-1", "2019-13-01", "2019-02-30", "2019-10-01\n", "$(touch x)", "٢٠١٩-١٠-٠١"],
)
def test_anything_but_a_day_is_refused_by_name(asked: str) -> None:
    with pytest.raises(UserError, match=re.escape(repr(asked))):
        run_day(asked, Run())


@given(st.from_regex(DAY_PATTERN) | st.text(max_size=12))
def test_what_comes_through_is_a_day_and_nothing_else(asked: str) -> None:
    with suppress(UserError):
        assert run_day(asked, Run()) == asked == date.fromisoformat(asked).isoformat()


def test_a_scheduled_run_is_for_the_day_of_its_logical_date() -> None:
    assert run_day(None, Run(logical_date=_NIGHT - timedelta(days=1))) == "2026-11-21"


def test_a_logical_date_of_another_zone_is_read_in_utc() -> None:
    east = timezone(timedelta(hours=9))
    assert run_day(None, Run(logical_date=datetime(2026, 11, 21, 8, tzinfo=east))) == "2026-11-20"


def test_a_triggered_run_without_a_day_is_for_yesterday() -> None:
    assert run_day(None, Run(run_after=datetime(2026, 3, 1, 12, tzinfo=UTC))) == "2026-02-28"
