"""From a lake of files to answers of the model server, over a real MLflow."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest
from click.testing import CliRunner, Result
from deltalake import write_deltalake
from fastapi.testclient import TestClient
from redis import Redis

from contracts import SystemClock
from contracts.errors import GateRefusedError, RegistryUnavailableError, UnknownNameError
from contracts.experiments import Experiments, Variant
from contracts.tables import SESSION_FEATURE_NAMES
from deployment.bootstrap.api import build_api
from deployment.bootstrap.experiments_file import build_experiments_file
from deployment.bootstrap.explain import explain_purchase
from deployment.bootstrap.forgetting import models_that_learned
from deployment.bootstrap.train import build_mlflow_client, build_model_versions, build_registry, build_trainers
from deployment.cli.explain import command as explain_command
from deployment.settings import (
    ApiSettings,
    KafkaSettings,
    MlflowSettings,
    RedisSettings,
    Settings,
    child_environment,
)
from experiments.assignment import variant_of
from ml_modeling.trained_model import Saveable, TrainedModel
from ml_modeling.training_run import Registry, train_models
from tests.fixtures.live_events import click
from tests.fixtures.live_store import fill_live
from tests.fixtures.mlflow import MlflowServer, forget_model
from tests.fixtures.training_tables import mixed, sessions_table, shuffled_products, training_rows_table
from tests.fixtures.trials import experiment

FEATURES = dict.fromkeys(SESSION_FEATURE_NAMES, 1.0)

needs_mlflow = pytest.mark.usefixtures("mlflow_server")


@pytest.fixture(scope="module")
def settings(mlflow_process: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A lake with both training tables; Redis and Kafka are not there."""
    directory = tmp_path_factory.mktemp("stack")
    write_deltalake(directory / "lake" / "silver" / "sessions", sessions_table(900))
    write_deltalake(directory / "lake" / "gold" / "session_training_rows", training_rows_table(900))
    return Settings(
        data_dir=directory,
        mlflow=mlflow_process.settings.mlflow,
        api=ApiSettings(model_poll_s=0.2, access="open"),
        redis=RedisSettings(server_url="redis://127.0.0.1:1/0"),
        kafka=KafkaSettings(servers="127.0.0.1:1"),
    )


def _train(settings: Settings, *names: str) -> dict[str, str | None]:
    """Train; each model is the first there is, for a second one would have nothing new to be compared on."""
    clock = SystemClock()
    for name in names:
        forget_model(settings, name)
    registry = build_registry(settings, clock)
    results = train_models(build_trainers(settings, clock), names, registry, lambda _text: None)
    assert all(result.champion for result in results)
    return {result.name: result.version for result in results}


def _register_as_champion(settings: Settings, trained: TrainedModel) -> str:
    """Register past the gate."""
    version = build_registry(settings, SystemClock()).register(trained).version
    build_model_versions(settings).make_champion(trained.name, version)
    return version


@needs_mlflow
def test_a_registered_model_is_a_pyfunc_with_signature_example_and_lineage(settings: Settings) -> None:
    versions = _train(settings, "recommender")
    import mlflow.pyfunc  # noqa: PLC0415 - after build_registry has made its client quiet
    from mlflow.tracking import MlflowClient  # noqa: PLC0415

    uri = settings.mlflow.tracking_uri
    client = MlflowClient(uri, uri)
    version = client.get_model_version_by_alias("recommender", "champion")
    assert str(version.version) == versions["recommender"]
    assert version.run_id is not None
    run = client.get_run(version.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["data_version.silver.sessions"] == "0"
    assert run.data.metrics["recall_at_20"] > run.data.metrics["popularity_recall_at_20"]
    assert run.data.tags["champion_decision"].startswith("champion, because there was none: ")
    assert "ndcg_at_10 over popularity +" in run.data.tags["champion_decision"]
    assert run.data.params["features"].startswith("near_sum,")
    assert len(run.data.tags["mlflow.source.git.commit"].removesuffix("-dirty")) == 40
    assert {file.path for file in client.list_artifacts(run.info.run_id)} == {"model_card.html", "plots"}
    plots = {file.path for file in client.list_artifacts(run.info.run_id, "plots")}
    assert plots == {"plots/recall.png", "plots/slices.png", "plots/shap.png", "plots/gains.png"}
    mlflow.set_tracking_uri(uri)
    model = mlflow.pyfunc.load_model("models:/recommender@champion")
    assert model.metadata.signature is not None
    assert model.input_example is not None
    (products,) = model.predict(model.input_example)["product_ids"]
    assert products


@needs_mlflow
def test_the_models_that_learned_from_a_table_are_named(settings: Settings) -> None:
    version = _train(settings, "recommender")["recommender"]
    named = models_that_learned(settings, ["silver.sessions", "gold.visitor_features"])
    assert named[0] == f"recommender version {version} (silver.sessions version 0)"
    assert models_that_learned(settings, ["gold.visitor_features"]) == []


@needs_mlflow
def test_a_purchase_model_has_card_commit_versions_and_until_when_it_learned(settings: Settings) -> None:
    version = _train(settings, "purchase")["purchase"]
    client = build_mlflow_client(settings)
    run = client.get_run(str(client.get_model_version("purchase", str(version)).run_id))
    assert {file.path for file in client.list_artifacts(run.info.run_id)} == {"model_card.html", "plots"}
    plots = {file.path for file in client.list_artifacts(run.info.run_id, "plots")}
    assert plots >= {"plots/calibration.png", "plots/gain.png", "plots/shap.png"}
    params = run.data.params
    assert (params["data_version.silver.sessions"], params["data_version.gold.session_training_rows"]) == ("0", "0")
    assert params["trained_until"].startswith("2026-01-19T")
    assert params["features"].split(",") == list(SESSION_FEATURE_NAMES)
    assert len(run.data.tags["mlflow.source.git.commit"].removesuffix("-dirty")) == 40
    again = train_models(
        build_trainers(settings, SystemClock()), ["purchase"], build_registry(settings, SystemClock()), lambda _: None
    )
    assert not again[0].champion
    assert "has learned from all but 0 of the test sessions" in again[0].decision
    assert again[0].value == run.data.metrics["auc"]


@needs_mlflow
def test_a_decision_is_explained_and_what_if_changes_it(settings: Settings, redis_url: str) -> None:
    _train(settings, "purchase")
    online = settings.model_copy(update={"redis": RedisSettings(server_url=redis_url)})
    now = datetime.now(UTC)
    seen = {"product_id": "p-1", "unit_price": "50"}
    kinds = ("product_viewed", "product_viewed", "product_added_to_cart")
    hours_ago = [now - timedelta(hours=2, minutes=-minute) for minute in range(3)]
    with Redis.from_url(redis_url) as client:
        known = [
            click(kind, f"e-{minute}", at, "explained", quantity=1, **seen)
            for minute, (kind, at) in enumerate(zip(kinds, hours_ago, strict=True))
        ]
        fill_live(client, known, now)
    as_it_is = explain_purchase(online, SystemClock(), "explained", {})
    without_cart = explain_purchase(online, SystemClock(), "explained", {"cart_add_count": 0.0})
    assert as_it_is.explanation.probability > without_cart.explanation.probability
    assert without_cart.probability_before == pytest.approx(as_it_is.explanation.probability)
    added = sum(value for _, value in as_it_is.explanation.shap)
    assert as_it_is.explanation.base + added == pytest.approx(as_it_is.explanation.probability)
    with pytest.raises(UnknownNameError, match="nothing is known online of visitor 'nobody'"):
        explain_purchase(online, SystemClock(), "nobody", {})
    shown = CliRunner().invoke(
        explain_command, ["purchase", "--visitor", "explained", "--set", "colour=3"], env=child_environment(online)
    )
    assert isinstance(shown.exception, UnknownNameError)


@needs_mlflow
def test_the_cli_reports_each_model(settings: Settings, tmp_path: Path) -> None:
    for name in ("purchase", "recommender"):
        forget_model(settings, name)
    report = tmp_path / "report.json"
    result = _cli(settings, "all", "--report", str(report))
    assert result.exit_code == 0, result.output
    entries = json.loads(report.read_text())
    assert set(entries) == {"recommender", "purchase"}
    for entry in entries.values():
        assert entry["value"] > entry["baseline"]
        assert entry["version"]
    assert "recall_at_20" in result.output


def test_an_mlflow_that_is_away_is_named_within_ten_seconds(settings: Settings) -> None:
    away = settings.model_copy(update={"mlflow": MlflowSettings(server_uri="http://127.0.0.1:1")})
    started = time.monotonic()
    with pytest.raises(RegistryUnavailableError, match=r"MLflow at http://127\.0\.0\.1:1 does not answer"):
        build_registry(away, SystemClock())
    assert time.monotonic() - started < 10


@dataclass(frozen=True)
class Scrambled:
    """A recommender whose files mix up its products."""

    model: Saveable

    def save(self, directory: Path) -> None:
        self.model.save(directory)
        with np.load(directory / "two_stage.npz") as stored:
            arrays = {name: stored[name] for name in stored.files}
        np.savez(directory / "two_stage.npz", **{**arrays, "product_ids": mixed(arrays["product_ids"])})


@needs_mlflow
def test_the_gate_refuses_a_worse_recommender_and_the_champion_stays(settings: Settings, tmp_path: Path) -> None:
    shop = settings.model_copy(update={"data_dir": tmp_path})
    sessions, table = sessions_table(900), tmp_path / "lake" / "silver" / "sessions"
    write_deltalake(table, sessions.slice(0, 600))
    champion = _train(shop, "recommender")["recommender"]
    write_deltalake(table, shuffled_products(sessions, first=700), mode="overwrite")
    clock = SystemClock()
    trainers, registry = build_trainers(shop, clock), build_registry(shop, clock, promotes=True)
    (worse,) = train_models(trainers, ["recommender"], registry, lambda _text: None)
    assert not worse.champion
    assert "refused: ndcg_at_10 over the champion -" in worse.decision
    versions = build_model_versions(shop)
    with pytest.raises(GateRefusedError, match=f"the gate refused recommender version {worse.version}"):
        versions.promote("recommender", None)
    assert versions.champion("recommender") == champion


def test_trained_models_are_served_swapped_and_outlive_mlflow(settings: Settings, mlflow_server: MlflowServer) -> None:
    with TestClient(build_api(settings)) as api:
        versions = _train(settings, "recommender", "purchase")
        first = str(versions["recommender"])
        _until(lambda: _served(api) == versions)
        answer = api.get("/v1/recommendations/v-1", params={"product_id": "p001", "limit": 5}).json()
        assert (answer["source"], len(answer["items"])) == ("model", 5)
        prediction = api.post("/v1/purchase-prediction", json={"features": FEATURES}).json()
        assert prediction["source"] == "model"

        trained = build_trainers(settings, SystemClock())["recommender"]()
        versions["recommender"] = _register_as_champion(settings, trained)
        _until(lambda: _served(api) == versions)

        refused = _register_as_champion(settings, replace(trained, model=Scrambled(trained.model)))
        _until(lambda: f"version {refused} is refused: the recommender answers otherwise" in _reason(api))
        assert _served(api) == versions
        versions["recommender"] = _register_as_champion(settings, trained)
        _until(lambda: _served(api) == versions)

        visitor = _try_on_everybody(settings, first)
        _until(lambda: _answered_by(api, visitor) == (first, "new"))
        registry = build_registry(settings, SystemClock())
        mlflow_server.kill()
        _until(lambda: "does not answer" in _reason(api))
        assert api.get("/v1/recommendations/v-1", params={"product_id": "p001"}).json()["source"] == "model"
    with TestClient(build_api(settings)) as api:
        _assert_the_snapshot_answers(api, versions)
        _until(lambda: _answered_by(api, visitor) == (first, "new"))
    _assert_registering_fails_within_ten_seconds(registry, trained)


def _try_on_everybody(settings: Settings, challenger: str) -> str:
    """Start an experiment of champion against challenger, and return a visitor for whom the challenger answers."""
    build_model_versions(settings).make_challenger("recommender", challenger)
    trial = experiment(variants=(Variant(name="old", share=1), Variant(name="new", share=1, model="challenger")))
    build_experiments_file(settings).change(lambda _: Experiments(experiments=(trial,)))
    return next(visitor for visitor in map(str, range(100)) if variant_of(visitor, trial).name == "new")


def _answered_by(api: httpx.Client, visitor_id: str) -> tuple[str | None, str | None]:
    answer = api.get(f"/v1/recommendations/{visitor_id}", params={"product_id": "p001"}).json()
    return (answer["model"] or {}).get("version"), (answer["variant"] or {}).get("name")


def _assert_the_snapshot_answers(api: httpx.Client, versions: dict[str, str | None]) -> None:
    _until(lambda: _served(api) == versions)
    answer = api.get("/v1/recommendations/v-1", params={"product_id": "p001"}).json()
    assert answer["source"] == "model"
    assert api.get("/health").json()["dependencies"]["model:recommender"]["origin"] == "snapshot"


def _assert_registering_fails_within_ten_seconds(registry: Registry, trained: TrainedModel) -> None:
    started = time.monotonic()
    with pytest.raises(RegistryUnavailableError, match="does not answer"):
        registry.register(trained)
    assert time.monotonic() - started < 10


def _cli(settings: Settings, *arguments: str) -> Result:
    from deployment.cli.train import command  # noqa: PLC0415

    return CliRunner().invoke(command, arguments, env=child_environment(settings))


def _served(api: httpx.Client) -> dict[str, str | None]:
    dependencies = api.get("/health").json()["dependencies"]
    return {name: dependencies[f"model:{name}"]["version"] for name in ("recommender", "purchase")}


def _reason(api: httpx.Client) -> str:
    return str(api.get("/health").json()["dependencies"]["model:recommender"]["reason"])


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold within 60 s"
        time.sleep(0.1)
