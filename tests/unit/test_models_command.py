"""``aisle models``: what is refused before MLflow is asked, and what is said where it is away."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from contracts.errors import RegistryUnavailableError
from deployment.cli import models
from deployment.settings import MlflowSettings, Settings


@pytest.fixture(autouse=True)
def _away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = MlflowSettings(server_uri="http://127.0.0.1:1")
    monkeypatch.setattr(models, "load_settings", lambda: Settings(data_dir=tmp_path, mlflow=mlflow))


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(models.command, arguments)


@pytest.mark.parametrize("alias", ["champion", "challenger"])
def test_what_the_gate_gives_is_not_given_by_hand(alias: str) -> None:
    result = _run("alias", "recommender", "7", alias)
    assert result.exit_code == 2
    assert f"Invalid value for 'ALIAS': '{alias}' is given by `aisle train` and `aisle models promote`" in result.stderr


@pytest.mark.parametrize("alias", ["", "a b", "é", "latest", "Latest", "v7", "V12", "a" * 256])
def test_an_alias_that_mlflow_does_not_take_is_refused(alias: str) -> None:
    result = _run("alias", "recommender", "7", alias)
    assert result.exit_code == 2
    assert "expected letters, digits, - or _, and neither `latest` nor `v` with a number" in result.stderr


def test_a_model_that_is_none_is_named() -> None:
    result = _run("alias", "forecast", "7", "blue")
    assert result.exit_code == 2
    assert "'forecast' is not one of 'recommender', 'purchase'" in result.stderr


@pytest.mark.parametrize("more", [(), ("--delete",)])
def test_an_mlflow_that_is_away_is_named(more: tuple[str, ...]) -> None:
    error = _run("alias", "recommender", "7", "blue", *more).exception
    assert isinstance(error, RegistryUnavailableError)
    assert str(error).startswith("MLflow at http://127.0.0.1:1 does not answer: start it with `aisle up`")
