"""``aisle reset`` deletes what nobody uses, and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from contracts.errors import InvalidSettingError, UserError
from deployment.cli.reset import command


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    (tmp_path / "data" / "run").mkdir(parents=True)
    return tmp_path / "data"


def _reset(data_dir: Path) -> Result:
    return CliRunner().invoke(command, ["--yes"], env={"AISLE_DATA_DIR": str(data_dir)})


def test_the_data_of_a_stopped_stack_is_deleted(data_dir: Path) -> None:
    assert _reset(data_dir).output == f"deleted {data_dir}\n"
    assert not data_dir.exists()


def test_it_refuses_while_a_process_of_airflow_lives(data_dir: Path) -> None:
    with subprocess.Popen(["/bin/sleep", "60"], env={"AIRFLOW_HOME": str(data_dir / "airflow")}) as airflow:
        refused = _reset(data_dir)
        airflow.kill()
    assert isinstance(refused.exception, UserError)
    assert str(refused.exception) == f"Airflow runs in {data_dir / 'airflow'}: stop it first, with Ctrl-C where it runs"
    assert data_dir.exists()


def test_it_refuses_what_is_no_data_directory_of_aisle(data_dir: Path) -> None:
    (data_dir / "run").rmdir()
    refused = _reset(data_dir)
    assert isinstance(refused.exception, InvalidSettingError)
    assert data_dir.exists()
