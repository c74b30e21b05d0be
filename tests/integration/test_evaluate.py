"""``aisle evaluate`` on a lake of files and a real MLflow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from deltalake import write_deltalake

from contracts import SystemClock
from deployment.bootstrap.train import build_registry, build_trainers
from deployment.cli.evaluate import command
from deployment.settings import Settings, child_environment
from ml_modeling.training_run import train_models
from tests.fixtures.mlflow import MlflowServer, forget_model
from tests.fixtures.training_tables import sessions_table

LEARNED, ALL = 600, 900


@pytest.fixture
def settings(mlflow_server: MlflowServer, tmp_path: Path) -> Settings:
    """A model of the first sessions is the champion."""
    found = Settings(data_dir=tmp_path, mlflow=mlflow_server.settings.mlflow)
    write_deltalake(tmp_path / "lake" / "silver" / "sessions", sessions_table(ALL).slice(0, LEARNED))
    clock = SystemClock()
    forget_model(found, "recommender")
    train_models(build_trainers(found, clock), ["recommender"], build_registry(found, clock), lambda _text: None)
    return found


def _evaluate(settings: Settings, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, env=child_environment(settings))


def test_the_champion_is_judged_on_what_came_after_it(settings: Settings, tmp_path: Path) -> None:
    rows = sessions_table(ALL).slice(LEARNED)
    write_deltalake(settings.data_dir / "lake" / "silver" / "sessions", rows, mode="append")
    report = tmp_path / "evaluation.json"
    result = _evaluate(settings, "--at", "5", "--report", str(report), "--plots", str(tmp_path / "new" / "plots"))
    assert result.exit_code == 0, result.output
    found = json.loads(report.read_text())
    assert (found["model_name"], found["k"], found["sessions"]) == ("recommender", 5, ALL - LEARNED)
    for metric in ("recall", "precision", "ndcg", "mrr", "map", "coverage"):
        assert found["model"][metric] > found["popularity"][metric]
    assert found["model"]["diversity"] == 1  # no categories are known
    assert "novelty_bits" in result.output
    assert found["model_recalls"][-1] == pytest.approx(found["model"]["recall"])
    plots = {path.name: path.read_bytes() for path in (tmp_path / "new" / "plots").iterdir()}
    assert set(plots) == {"recall.png", "metrics.png"}
    assert all(png.startswith(b"\x89PNG") for png in plots.values())
    refused = _evaluate(settings, "--plots", str(report / "plots"))
    assert str(refused.exception) == f"--plots {report}/plots: Not a directory"


def test_without_later_sessions_one_line_says_so(settings: Settings) -> None:
    result = _evaluate(settings)
    assert "no session after 2026-01-13" in str(result.exception)
