from __future__ import annotations

from pathlib import Path

import pytest

from deployment.local_stack.airflow_server import AirflowServer
from deployment.settings import AirflowSettings, Settings


@pytest.fixture
def server(tmp_path: Path) -> AirflowServer:
    settings = Settings(data_dir=tmp_path, airflow=AirflowSettings(port=28081))
    inherited = {
        "PATH": "/bin",
        "AISLE_DATA_DIR": str(tmp_path),
        "AIRFLOW_HOME": "/elsewhere",
        "AIRFLOW__API__HOST": "0.0.0.0",  # noqa: S104 - what must not come through
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__FERNET_KEY": "foreign",
    }
    return AirflowServer(settings, inherited)


def test_a_foreign_airflows_configuration_does_not_come_through(server: AirflowServer, tmp_path: Path) -> None:
    environment = server.environment

    assert environment["AIRFLOW_HOME"] == str(tmp_path / "airflow")
    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert "AIRFLOW__CORE__FERNET_KEY" not in environment


def test_tasks_see_the_same_settings(server: AirflowServer, tmp_path: Path) -> None:
    assert server.environment["AISLE_DATA_DIR"] == str(tmp_path)
    assert server.environment["PATH"] == "/bin"


def test_one_port_is_behind_every_url(server: AirflowServer) -> None:
    environment = server.environment

    assert server.port.port == 28081
    assert environment["AIRFLOW__API__PORT"] == "28081"
    assert environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == f"{server.url}/execution/"


def test_the_log_server_that_listens_on_every_address_is_not_started(server: AirflowServer) -> None:
    commands = server.commands()

    assert set(commands) == {"api-server", "dag-processor", "scheduler"}
    assert "--skip-serve-logs" in commands["scheduler"]


def test_without_a_server_nothing_is_healthy_and_every_dag_is_missing(server: AirflowServer) -> None:
    server.home.mkdir()
    server.password_file.write_text('{"admin": "secret"}')

    assert not server.api_answers()
    assert not server.is_healthy()
    assert server.missing_dags() == {"etl_clickstream", "score_customers", "train_models"}
