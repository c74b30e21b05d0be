"""Wires the evaluation of the deployed model: MLflow's champion on the lake's later sessions."""

from __future__ import annotations

from datetime import datetime

from contracts.errors import NotReadyError
from contracts.tables import GOLD_PRODUCT_FEATURES, SILVER_SESSIONS
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.champion import champion_of, downloaded, open_models
from deployment.bootstrap.train import build_mlflow_client
from deployment.settings import Settings
from ml_modeling.evaluate_recommender import Evaluation, evaluate_recommender
from ml_modeling.next_products import COLUMNS
from ml_modeling.trained_model import LEARNED_UNTIL, RECOMMENDER
from model_serving.model_source import ModelVersion


def evaluate_champion(settings: Settings, k: int) -> tuple[ModelVersion, Evaluation]:
    """Judge the champion of the recommenders at ``k``.

    Raises ``RegistryUnavailableError`` where MLflow does not answer, and ``NotReadyError`` where there is no champion,
    where it does not say until when it has learned, or where there are no later sessions.
    """
    client = build_mlflow_client(settings)
    with open_models(settings) as models:
        version = champion_of(models)
        learned_until = client.get_run(version.run_id).data.params.get(LEARNED_UNTIL)
        if learned_until is None:
            msg = f"{RECOMMENDER} version {version.version} does not say until when it has learned: train it again"
            raise NotReadyError(msg)
        model = downloaded(models, version)
    lake = ArrowLake(settings.lake)
    sessions, until = lake.read(SILVER_SESSIONS, COLUMNS), datetime.fromisoformat(learned_until)
    return version, evaluate_recommender(model, sessions, until, k, _categories(lake))


def _categories(lake: ArrowLake) -> dict[str, str]:
    """Return the last category of each product; none where no batch run has made the table yet."""
    if not lake.exists(GOLD_PRODUCT_FEATURES):
        return {}
    rows = lake.read(GOLD_PRODUCT_FEATURES, ["product_id", "as_of", "category"]).sort_by("as_of").to_pylist()
    return {row["product_id"]: row["category"] for row in rows if row["category"] is not None}
