"""Wires training: the lake without Spark, and MLflow.

What is heavy to import (scikit-learn, the boosters, MLflow) is imported when it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from batch_processing.batch_tables import BATCH_TABLES
from batch_processing.running import BatchRun
from contracts import Clock
from contracts.errors import RegistryUnavailableError, TableChangedError
from contracts.tables import GOLD_SESSION_TRAINING_ROWS, SILVER_SESSIONS, Table
from data_lake.arrow_lake import ArrowLake
from deployment.local_stack.mlflow_server import mlflow_is_healthy
from deployment.settings import Settings, configure_mlflow_client
from ml_modeling.trained_model import PURCHASE, RECOMMENDER, TrainedModel

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

    from ml_modeling.model_registry import ModelRegistry


def build_trainers(settings: Settings, clock: Clock) -> Mapping[str, Callable[[], TrainedModel]]:
    """Return how each model is trained from the lake; a trainer raises ``NotReadyError`` without enough data."""
    lake = ArrowLake(settings.lake)
    return {
        RECOMMENDER: lambda: _with_versions(lake, _train_recommender(lake), SILVER_SESSIONS),
        PURCHASE: lambda: _with_versions(
            lake, _train_purchase(lake, clock), GOLD_SESSION_TRAINING_ROWS, SILVER_SESSIONS
        ),
    }


def build_registry(settings: Settings, clock: Clock) -> ModelRegistry:
    """Return the registry; raises ``RegistryUnavailableError`` where MLflow does not answer."""
    client = build_mlflow_client(settings)
    registry: ModelRegistry = import_module("ml_modeling.model_registry").ModelRegistry(client, clock)
    return registry


def build_mlflow_client(settings: Settings) -> MlflowClient:
    """Return MLflow's client; raises ``RegistryUnavailableError`` where MLflow does not answer."""
    uri = settings.mlflow.tracking_uri
    if not mlflow_is_healthy(settings):
        msg = f"MLflow at {uri} does not answer: start it with `aisle up`, or set AISLE_MLFLOW__SERVER_URI"
        raise RegistryUnavailableError(msg)
    configure_mlflow_client()
    client: MlflowClient = import_module("mlflow.tracking").MlflowClient(tracking_uri=uri, registry_uri=uri)
    return client


def _train_recommender(lake: ArrowLake) -> TrainedModel:
    module = import_module("ml_modeling.train_recommender")
    trained: TrainedModel = module.train_recommender(lake.read(SILVER_SESSIONS, module.COLUMNS))
    return trained


def _train_purchase(lake: ArrowLake, clock: Clock) -> TrainedModel:
    """Bring the training rows up to date first: of an old row nobody knows whether its session went on."""
    _build_training_rows(lake, clock)
    rows = import_module("ml_modeling.purchase_rows")
    bot_sessions = lake.read(SILVER_SESSIONS, ["session_id"], pc.field("is_bot"))
    of_people = rows.of_people(lake.read(GOLD_SESSION_TRAINING_ROWS, rows.COLUMNS), bot_sessions)
    closed = rows.closed_rows(of_people, clock.now())
    trained: TrainedModel = import_module("ml_modeling.train_purchase").train_purchase(closed)
    return trained


def _build_training_rows(lake: ArrowLake, clock: Clock) -> None:
    run, today = BatchRun(lake, lambda _: None), clock.now().date()
    training_rows = [table for table in BATCH_TABLES if table.contract is GOLD_SESSION_TRAINING_ROWS]
    try:
        run.build_stale(training_rows, today)
    except TableChangedError:
        # A batch run built the same days meanwhile.
        run.build_stale(training_rows, today)


def _with_versions(lake: ArrowLake, trained: TrainedModel, *tables: Table) -> TrainedModel:
    return replace(trained, data_versions={table.name: lake.version(table) for table in tables})
