"""Both DAGs on a running scheduler, over a stack with data."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import psutil
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from contracts.tables import (
    GOLD_CUSTOMER_FEATURES,
    GOLD_PRODUCT_DAILY,
    GOLD_PRODUCT_FEATURES,
    SILVER_POS_EVENTS,
    Table,
)
from data_lake.arrow_lake import ArrowLake
from deployment.local_stack.airflow_run import marked_processes
from deployment.local_stack.services import aisle_executable
from deployment.settings import child_environment
from tests.fixtures.airflow import RunningAirflow
from tests.fixtures.stack import RunningStack

_GOLD = (GOLD_PRODUCT_DAILY, GOLD_CUSTOMER_FEATURES, GOLD_PRODUCT_FEATURES)
_WITHIN_S = 200.0
_LANDS_WITHIN_S = 200.0
_DAY = "2026-01-05"
_ALL_GOOD = {"build_gold": "success", "check_product_daily": "success", "materialize_features": "success"}


def test_both_dags_succeed_and_a_second_run_of_a_day_changes_nothing(airflow: RunningAirflow, traded_day: str) -> None:
    lake = ArrowLake(airflow.settings.lake)
    conf = {"day": traded_day}
    training = airflow.api.start("train_models", conf)

    assert airflow.api.run("etl_clickstream", conf, _WITHIN_S) == _ALL_GOOD
    first = {table.name: _rows(lake, table) for table in _GOLD}
    assert airflow.api.run("etl_clickstream", conf, _WITHIN_S) == _ALL_GOOD
    second = {table.name: _rows(lake, table) for table in _GOLD}

    assert first["gold.product_daily"].num_rows > 0
    assert first == second
    trained = airflow.api.wait_for("train_models", training, _WITHIN_S)
    assert trained == {"train_purchase": "success", "train_recommender": "success"}


@pytest.fixture
def broken_day(running_stack: RunningStack) -> Iterator[str]:
    """A day with one sale of minus five units, put into silver past the contract that would have refused it."""
    day = "2025-12-26"
    table = DeltaTable(running_stack.lake.path(SILVER_POS_EVENTS))
    schema = pa.schema(table.schema().to_arrow())
    line = {"product_id": "broken", "quantity": -5, "unit_price": Decimal("1.0000")}
    sale = {
        "event_id": "broken",
        "event_type": "pos_transaction_completed",
        "occurred_at": datetime.fromisoformat(f"{day}T12:00:00+00:00"),
        "lines": [line],
    }
    write_deltalake(table, pa.Table.from_pylist([sale], schema=schema), mode="append")
    yield day
    table.update_incremental()
    table.delete("event_id = 'broken'")


def test_a_failed_check_keeps_the_day_from_the_online_store(airflow: RunningAirflow, broken_day: str) -> None:
    states = airflow.api.run("etl_clickstream", {"day": broken_day}, _WITHIN_S)

    assert states == {
        "build_gold": "success",
        "check_product_daily": "failed",
        "materialize_features": "upstream_failed",
    }


@pytest.mark.parametrize("day", ["yesterday", "2019-1-1", "2019-02-30", "2019-10-01; reboot", 20191001])
def test_a_bad_day_is_refused_before_there_is_a_run(airflow: RunningAirflow, day: object) -> None:
    answer = airflow.api.trigger("etl_clickstream", {"day": day})

    assert answer.status_code == 400
    assert "param day" in answer.json()["detail"]


def test_every_listener_is_on_loopback(airflow: RunningAirflow) -> None:
    listeners = [
        connection.laddr
        for process in marked_processes(airflow.server)
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]

    assert airflow.settings.airflow.port in {address.port for address in listeners}
    assert {address.ip for address in listeners} == {"127.0.0.1"}


def test_the_password_is_shown_with_its_file_and_readable_by_its_owner_only(airflow: RunningAirflow) -> None:
    said = airflow.output.read_text("utf-8")

    assert airflow.server.password() in said
    assert str(airflow.server.password_file) in said
    assert airflow.server.password_file.stat().st_mode & 0o077 == 0
    assert airflow.server.home.stat().st_mode & 0o077 == 0


def test_a_second_start_is_one_clear_line(airflow: RunningAirflow) -> None:
    second = subprocess.run(
        [aisle_executable(), "airflow"],
        env=child_environment(airflow.settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert second.returncode == 2
    assert second.stderr.startswith("error: Airflow runs already in ")
    assert second.stderr.count("\n") == 1
    assert psutil.pid_exists(airflow.pid)


def _rows(lake: ArrowLake, table: Table) -> pa.Table:
    return lake.read(table).sort_by([(column, "ascending") for column in table.key])
