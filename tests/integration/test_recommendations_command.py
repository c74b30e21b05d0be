"""``aisle recommendations`` from a trained champion in a real MLflow to an answer from a real Redis."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from contracts import SystemClock
from contracts.errors import NotReadyError, RegistryUnavailableError
from contracts.tables import GOLD_PRODUCT_FEATURES, SILVER_SESSIONS
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.train import build_registry, build_trainers
from deployment.cli.recommendations import command
from deployment.settings import MlflowSettings, RedisSettings, Settings, child_environment
from ml_modeling.training_run import train_models
from tests.fixtures.mlflow import MlflowServer, forget_model
from tests.fixtures.rows import rows_of
from tests.fixtures.training_tables import sessions_table


@pytest.fixture
def settings(mlflow_server: MlflowServer, redis_url: str, tmp_path: Path) -> Settings:
    """A lake of 300 sessions of 30 customers, and a product that is sold out; no champion."""
    found = Settings(data_dir=tmp_path, mlflow=mlflow_server.settings.mlflow, redis=RedisSettings(server_url=redis_url))
    forget_model(found, "recommender")
    lake, sessions = ArrowLake(found.lake), sessions_table(300, products=120)
    customers = pa.array([f"c{number % 30}" for number in range(300)])
    place = sessions.column_names.index("customer_id")
    lake.create_missing([SILVER_SESSIONS, GOLD_PRODUCT_FEATURES])
    lake.append(SILVER_SESSIONS, sessions.set_column(place, "customer_id", customers))
    sold_out = {"product_id": "p001", "as_of": datetime(2026, 1, 7, tzinfo=UTC), "quantity_on_hand": 0}
    lake.append(GOLD_PRODUCT_FEATURES, rows_of(GOLD_PRODUCT_FEATURES, [sold_out]))
    return found


def _run(settings: Settings, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, env=child_environment(settings))


def _done(settings: Settings, *arguments: str) -> str:
    result = _run(settings, *arguments)
    assert result.exit_code == 0, result.exception
    return result.output


def test_from_the_champion_to_a_list_online(settings: Settings) -> None:
    without = _run(settings, "score")
    assert isinstance(without.exception, NotReadyError)
    assert str(without.exception) == "no champion of recommender is registered: run `aisle train recommender`"

    clock = SystemClock()
    train_models(build_trainers(settings, clock), ["recommender"], build_registry(settings, clock), lambda _text: None)
    assert "recommender version 1: 30 lists made, 0 kept, 0 dropped" in _done(settings, "score")
    assert "recommender version 1: 0 lists made, 30 kept, 0 dropped" in _done(settings, "score")
    assert "the lists of 30 customers meet" in _done(settings, "check")
    assert _done(settings, "publish") == "30 lists are online\n"
    found: dict[str, Any] = json.loads(_done(settings, "get", "c7"))
    assert (found["model"], found["model_version"], len(found["product_ids"])) == ("recommender", "1", 20)
    assert "p001" not in found["product_ids"]
    nobody = _run(settings, "get", "nobody")
    assert "no list of 'nobody' is online" in str(nobody.exception)


def test_without_mlflow_one_line_says_so(settings: Settings) -> None:
    away = settings.model_copy(update={"mlflow": MlflowSettings(server_uri="http://127.0.0.1:1")})
    assert isinstance(_run(away, "score").exception, RegistryUnavailableError)
