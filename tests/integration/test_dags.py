"""The DAG files, read as Airflow reads them."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from airflow_dags.plugins.run_day import DAY_PATTERN, RUN_DAY
from deployment.cli import COMMANDS
from deployment.local_stack.airflow_server import DAGS_FOLDER
from deployment.settings import PROJECT_ROOT, Settings, child_environment

_READ_DAGS = PROJECT_ROOT / "tests" / "fixtures" / "read_dags.py"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("airflow")
    environment = child_environment(Settings()) | {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    # -P: beside the script is an airflow.py of our own.
    command = [sys.executable, "-P", str(_READ_DAGS), str(DAGS_FOLDER), str(home / "found.json")]
    done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads((home / "found.json").read_text())
    return answer


def test_every_dag_file_loads_and_names_its_dag(found: dict[str, Any]) -> None:
    assert found["errors"] == {}
    assert set(found["dags"]) == {"etl_clickstream", "score_customers", "train_models"}
    assert set(found["dags"]) == {file.stem for file in DAGS_FOLDER.glob("[!_]*.py")}


def test_reading_the_dags_loads_nothing_slow(found: dict[str, Any]) -> None:
    assert found["slow_imports"] == []


def test_a_failed_check_stands_between_gold_and_the_online_store(found: dict[str, Any]) -> None:
    etl = found["dags"]["etl_clickstream"]
    assert etl["order"] == ["build_gold", "check_product_daily", "materialize_features"]
    assert etl["tasks"]["check_product_daily"]["upstream"] == ["build_gold"]
    assert etl["tasks"]["materialize_features"]["upstream"] == ["check_product_daily"]
    assert etl["tasks"]["check_product_daily"]["retries"] == 0


def test_trainings_do_not_wait_for_each_others_success_and_never_overlap(found: dict[str, Any]) -> None:
    train = found["dags"]["train_models"]
    assert [task["upstream"] for task in train["tasks"].values()] == [[], []]
    assert train["max_active_tasks"] == 1


def test_lists_are_checked_before_they_go_online_and_publishing_alone_is_tried_again(found: dict[str, Any]) -> None:
    tasks = found["dags"]["score_customers"]["tasks"]
    assert {name: task["upstream"] for name, task in tasks.items()} == {
        "score_lists": [],
        "check_lists": ["score_lists"],
        "publish_lists": ["check_lists"],
        "publish_pairs": [],
    }
    assert (tasks["check_lists"]["retries"], tasks["publish_lists"]["retries"]) == (0, 3)


def test_no_dag_catches_up_or_overlaps_itself(found: dict[str, Any]) -> None:
    for dag in found["dags"].values():
        assert dag["catchup"] is False
        assert dag["max_active_runs"] == 1
        assert dag["doc"]


def test_no_template_reaches_a_shell(found: dict[str, Any]) -> None:
    commands = [task["command"] for dag in found["dags"].values() for task in dag["tasks"].values()]
    assert not [command for command in commands if "{" in command or "`" in command]


def test_tasks_for_a_day_get_the_runs_day(found: dict[str, Any]) -> None:
    for dag in found["dags"].values():
        for task in dag["tasks"].values():
            assert task["env"]["DAY"] == (RUN_DAY if "$DAY" in task["command"] else "")


def test_each_task_calls_a_command_of_this_environment(found: dict[str, Any]) -> None:
    for dag in found["dags"].values():
        for task in dag["tasks"].values():
            assert Path(task["env"]["AISLE"]).is_file()
            assert shlex.split(task["command"])[:2] == ["exec", "$AISLE"]
            assert shlex.split(task["command"])[2] in COMMANDS


def test_a_day_is_checked_before_a_run_is_made(found: dict[str, Any]) -> None:
    day = found["dags"]["etl_clickstream"]["params"]["day"]
    assert (day["pattern"], day["format"]) == (DAY_PATTERN, "date")
