"""Challenger, champion and what stays as it was, on a real MLflow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from contracts import SystemClock
from contracts.errors import GateRefusedError, NotReadyError, RegistryUnavailableError, UnknownNameError
from deployment.bootstrap.train import build_mlflow_client, build_model_versions, build_registry
from deployment.cli.models import command
from deployment.settings import MlflowSettings, Settings, child_environment
from ml_modeling import lightgbm_booster
from ml_modeling.purchase import PurchaseModel
from ml_modeling.purchase_rows import closed_rows
from ml_modeling.trained_model import CHALLENGER, CHAMPION, PURCHASE, ModelCard, Saveable, TrainedModel
from ml_modeling.verdict import Verdict
from tests.fixtures.mlflow import MlflowServer, forget_model, free_port
from tests.fixtures.small_disk import small_disk
from tests.fixtures.training_tables import NOW, training_rows_table

if TYPE_CHECKING:
    from ml_modeling.model_versions import ModelVersions

_PASSED, _WORSE = Verdict(True, ["better"]), Verdict(False, ["refused: AUC over the champion -0.05"])
_UNFAIR = Verdict(False, ["refused: equalised odds differ by 0.4 over device"], is_fair=False)


@pytest.fixture(scope="module")
def model() -> PurchaseModel:
    rows = closed_rows(training_rows_table(200), NOW)
    return PurchaseModel("lightgbm", lightgbm_booster.fit(rows, 5), 0.3)


@pytest.fixture
def settings(mlflow_server: MlflowServer) -> Iterator[Settings]:
    """An MLflow without a purchase model."""
    forget_model(mlflow_server.settings, PURCHASE)
    yield mlflow_server.settings
    forget_model(mlflow_server.settings, PURCHASE)


def _trained(model: Saveable, verdict: Verdict, auc: float = 0.8) -> TrainedModel:
    return TrainedModel(
        PURCHASE, model, "auc", auc, 0.6, {"auc": auc}, {"trained_until": "2026-01-01"}, verdict, card=ModelCard("<p>")
    )


def _register(settings: Settings, trained: TrainedModel, promotes: bool = False) -> str:
    return build_registry(settings, SystemClock(), promotes).register(trained).version


def _aliases(versions: ModelVersions) -> dict[str, Sequence[str]]:
    return {each.version: each.aliases for each in versions.summaries(PURCHASE)}


def test_a_challenger_waits_is_promoted_and_rolled_back(settings: Settings, model: PurchaseModel) -> None:
    first, second = (_register(settings, _trained(model, _PASSED)) for _ in range(2))
    versions = build_model_versions(settings)
    assert _aliases(versions) == {first: [CHAMPION], second: [CHALLENGER]}
    assert versions.promote(PURCHASE, None) == second
    assert _aliases(versions) == {first: (), second: [CHAMPION]}
    with pytest.raises(NotReadyError, match="purchase has no challenger"):
        versions.promote(PURCHASE, None)
    assert versions.rollback(PURCHASE) == (second, first)
    assert versions.champion(PURCHASE) == first
    with pytest.raises(NotReadyError, match="no earlier champion"):
        versions.rollback(PURCHASE)


def test_a_worse_challenger_is_refused_and_the_champion_stays(settings: Settings, model: PurchaseModel) -> None:
    first = _register(settings, _trained(model, _PASSED))
    worse = _register(settings, _trained(model, _WORSE), promotes=True)
    versions = build_model_versions(settings)
    for version in (None, worse):
        with pytest.raises(
            GateRefusedError, match=rf"refused purchase version {worse}: .*AUC over the champion -0\.05"
        ):
            versions.promote(PURCHASE, version)
    assert versions.champion(PURCHASE) == first
    with pytest.raises(UnknownNameError, match=f"no version 99: expected one of {worse}, {first}"):
        versions.promote(PURCHASE, "99")


def test_a_first_model_may_be_weak_but_not_unfair(settings: Settings, model: PurchaseModel) -> None:
    versions = build_model_versions(settings)
    _register(settings, _trained(model, _UNFAIR))
    assert versions.champion(PURCHASE) is None
    weak = _register(settings, _trained(model, _WORSE))
    assert versions.champion(PURCHASE) == weak


def test_a_winner_is_promoted_at_once_where_that_was_asked_for(settings: Settings, model: PurchaseModel) -> None:
    _register(settings, _trained(model, _PASSED))
    second = _register(settings, _trained(model, _PASSED), promotes=True)
    assert build_model_versions(settings).champion(PURCHASE) == second


def test_the_champion_comes_back_as_it_was(settings: Settings, model: PurchaseModel) -> None:
    versions = build_model_versions(settings)
    assert versions.load_champion(PURCHASE, PurchaseModel.load) is None
    _register(settings, _trained(model, _PASSED))
    found = versions.load_champion(PURCHASE, PurchaseModel.load)
    assert found is not None
    rows = closed_rows(training_rows_table(200), NOW)
    assert found[1].predict_matrix(rows.features).tolist() == model.predict_matrix(rows.features).tolist()
    assert found[0].params["trained_until"] == "2026-01-01"


class Interrupted:
    def save(self, directory: Path) -> None:
        (directory / "half").write_text("of a model")
        raise KeyboardInterrupt


def test_an_interrupted_registration_leaves_a_failed_run_and_no_version(
    settings: Settings, model: PurchaseModel
) -> None:
    first = _register(settings, _trained(model, _PASSED))
    with pytest.raises(KeyboardInterrupt):
        _register(settings, _trained(Interrupted(), _PASSED))
    versions = build_model_versions(settings)
    assert _aliases(versions) == {first: [CHAMPION]}
    client = build_mlflow_client(settings)
    experiment = client.get_experiment_by_name(PURCHASE)
    assert experiment is not None
    newest = client.search_runs([experiment.experiment_id], order_by=["start_time DESC"], max_results=1)[0]
    assert newest.info.status == "FAILED"


def test_the_cli_lists_compares_promotes_and_rolls_back(settings: Settings, model: PurchaseModel) -> None:
    first = _register(settings, _trained(model, _PASSED, auc=0.7))
    second = _register(settings, _trained(model, _PASSED, auc=0.75))
    assert "challenger" in _cli(settings, "list", PURCHASE)
    compared = _cli(settings, "compare", PURCHASE)
    assert "0.7000" in compared
    assert "0.7500" in compared
    assert "0.7000" not in _cli(settings, "compare", PURCHASE, second)
    assert f"version {second} is the champion" in _cli(settings, "promote", PURCHASE)
    assert f"version {first} is the champion again, instead of {second}" in _cli(settings, "rollback", PURCHASE)


def test_an_alias_of_ones_own_is_given_moved_and_taken(settings: Settings, model: PurchaseModel) -> None:
    first, second = (_register(settings, _trained(model, _PASSED)) for _ in range(2))
    versions = build_model_versions(settings)
    told = _cli(settings, "alias", PURCHASE, first, "blue")
    assert told == f"purchase: version {first} has the alias blue\n"
    assert sorted(_aliases(versions)[first]) == ["blue", CHAMPION]
    _cli(settings, "alias", PURCHASE, second, "blue")
    assert _aliases(versions)[first] == [CHAMPION]
    with pytest.raises(
        UnknownNameError, match=f"^purchase version {first} has no alias 'blue': expected one of champion$"
    ):
        versions.take_alias(PURCHASE, first, "blue")
    told = _cli(settings, "alias", PURCHASE, second, "blue", "--delete")
    assert told == f"purchase: version {second} no longer has the alias blue\n"
    assert _aliases(versions) == {first: [CHAMPION], second: [CHALLENGER]}
    for act in (versions.give_alias, versions.take_alias):
        with pytest.raises(UnknownNameError, match=f"purchase has no version 99: expected one of {second}, {first}"):
            act(PURCHASE, "99", "blue")


@pytest.mark.slow
def test_a_full_disk_of_mlflow_is_said_and_changes_nothing(tmp_path: Path, model: PurchaseModel) -> None:
    with small_disk(tmp_path / "disk", 64) as disk:
        server = MlflowServer(Settings(data_dir=disk.path / "data", mlflow=MlflowSettings(port=free_port())))
        server.start()
        try:
            first = _register(server.settings, _trained(model, _PASSED))
            disk.fill()
            large = replace(_trained(model, _PASSED), card=ModelCard("x" * 2_000_000))
            with pytest.raises(RegistryUnavailableError, match=r"^MLflow at http://127\.0\.0\.1:\d+ refused[^\n]*$"):
                _register(server.settings, large)
            disk.make_room()
            versions = build_model_versions(server.settings)
            assert _aliases(versions) == {first: [CHAMPION]}
            second = _register(server.settings, large)
            assert _aliases(versions)[second] == [CHALLENGER]
        finally:
            server.kill()


def _cli(settings: Settings, *arguments: str) -> str:
    result = CliRunner().invoke(command, arguments, env={**child_environment(settings), "COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output
