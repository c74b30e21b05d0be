"""Wires training: the lake without Spark, and MLflow.

What is heavy to import (scikit-learn, the boosters, MLflow) is imported when it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

import pyarrow as pa

from batch_processing.batch_tables import BATCH_TABLES
from batch_processing.catalogue_products import FEATURE_COLUMNS, MASTER_COLUMNS, catalogue_products
from batch_processing.running import BatchRun
from contracts import Clock
from contracts.errors import RegistryUnavailableError, TableChangedError
from contracts.tables import (
    GOLD_PRODUCT_FEATURES,
    GOLD_SESSION_TRAINING_ROWS,
    SILVER_INVENTORY_EVENTS,
    SILVER_SESSIONS,
    Table,
)
from data_lake.arrow_lake import ArrowLake
from data_lake.schemas import arrow_schema
from deployment.bootstrap.git_commit import git_commit
from deployment.bootstrap.pinned_tables import PinnedTables
from deployment.local_stack.mlflow_server import mlflow_is_healthy
from deployment.settings import Settings, configure_mlflow_client
from ml_modeling.recommending.product_facts import ProductFacts
from ml_modeling.trained_model import PURCHASE, RECOMMENDER, ModelCard, TrainedModel

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

    from ml_modeling.model_registry import ModelRegistry
    from ml_modeling.model_versions import ModelVersions
    from ml_modeling.purchase_champion import PurchaseChampion
    from ml_modeling.recommending.customer_factors import Factorize
    from ml_modeling.training_set import LabelledRows
    from ml_modeling.tuning import Budget


def build_trainers(
    settings: Settings, clock: Clock, budget: Budget | None = None
) -> Mapping[str, Callable[[], TrainedModel]]:
    """Return how each model is trained from the lake; a trainer raises ``NotReadyError`` without enough data.

    ``budget`` is for tuning, without which nothing is tuned.
    """
    lake = ArrowLake(settings.lake)
    return {
        RECOMMENDER: lambda: _train_recommender(settings, lake, clock),
        PURCHASE: lambda: _train_purchase(settings, lake, clock, budget),
    }


def build_budget(trials: int, minutes: float) -> Budget | None:
    """Return the budget for tuning; ``None`` without trials."""
    if not trials:
        return None
    budget: Budget = import_module("ml_modeling.tuning").Budget(trials, minutes)
    return budget


def build_registry(settings: Settings, clock: Clock, promotes: bool = False) -> ModelRegistry:
    """Return the registry; raises ``RegistryUnavailableError`` where MLflow does not answer."""
    client = build_mlflow_client(settings)
    registry: ModelRegistry = import_module("ml_modeling.model_registry").ModelRegistry(client, clock, promotes)
    return registry


def build_model_versions(settings: Settings) -> ModelVersions:
    """Return what is registered; raises ``RegistryUnavailableError`` where MLflow does not answer."""
    client = build_mlflow_client(settings)
    versions: ModelVersions = import_module("ml_modeling.model_versions").ModelVersions(client)
    return versions


def build_mlflow_client(settings: Settings) -> MlflowClient:
    """Return MLflow's client; raises ``RegistryUnavailableError`` where MLflow does not answer."""
    uri = settings.mlflow.tracking_uri
    if not mlflow_is_healthy(settings):
        msg = f"MLflow at {uri} does not answer: start it with `aisle up`, or set AISLE_MLFLOW__SERVER_URI"
        raise RegistryUnavailableError(msg)
    configure_mlflow_client()
    client: MlflowClient = import_module("mlflow.tracking").MlflowClient(tracking_uri=uri, registry_uri=uri)
    return client


def purchase_rows(tables: PinnedTables, clock: Clock) -> LabelledRows:
    """Return the rows that purchase prediction learns from; raises ``NotReadyError`` where there are too few."""
    rows = import_module("ml_modeling.purchase_rows")
    sessions = tables.read(SILVER_SESSIONS, rows.SESSION_COLUMNS)
    of_people = rows.of_people(tables.read(GOLD_SESSION_TRAINING_ROWS, rows.COLUMNS), sessions)
    closed: LabelledRows = rows.closed_rows(of_people, clock.now())
    return closed


def _train_recommender(settings: Settings, lake: ArrowLake, clock: Clock) -> TrainedModel:
    read, tables = import_module("ml_modeling.next_products"), PinnedTables(lake)
    sessions = tables.read(SILVER_SESSIONS, [*read.COLUMNS, *read.ATTRIBUTES])
    versions = build_model_versions(settings)
    champion = import_module("ml_modeling.recommender_champion").load_recommender_champion(versions)
    facts = _product_facts(tables, lake)
    train = partial(import_module("ml_modeling.train_recommender").train_recommender, factorize=_factorize(settings))
    training = train(sessions, champion, facts)
    trained: TrainedModel = replace(training.trained, data_versions=tables.versions, git_commit=git_commit())
    card: ModelCard = import_module("ml_modeling.recommender_card").recommender_card(training, trained, clock.now())
    return replace(trained, card=card)


def _factorize(settings: Settings) -> Factorize:
    if settings.training.als == "threads":
        here: Factorize = import_module("ml_modeling.recommending.customer_factors").customer_factors
        return here
    spark = import_module("deployment.bootstrap.spark").build_spark(settings, "aisle-train")
    on_spark: Factorize = import_module("deployment.bootstrap.spark_factors").SparkFactors(spark, settings.lake)
    return on_spark


def _product_facts(tables: PinnedTables, lake: ArrowLake) -> Mapping[str, ProductFacts]:
    """Return what the lake knows of products; a table that is not there yet says nothing."""
    master = _read_if_any(tables, lake, SILVER_INVENTORY_EVENTS, MASTER_COLUMNS)
    rows = catalogue_products(master, _read_if_any(tables, lake, GOLD_PRODUCT_FEATURES, FEATURE_COLUMNS)).to_pylist()
    return {row.pop("product_id"): ProductFacts(**row) for row in rows}


def _read_if_any(tables: PinnedTables, lake: ArrowLake, table: Table, columns: Sequence[str]) -> pa.Table:
    if lake.exists(table):
        return tables.read(table, columns)
    schema = arrow_schema(table)
    return pa.schema([schema.field(name) for name in columns]).empty_table()


def _train_purchase(settings: Settings, lake: ArrowLake, clock: Clock, budget: Budget | None) -> TrainedModel:
    """Bring the training rows up to date first: of an old row nobody knows whether its session went on."""
    _build_training_rows(lake, clock)
    tables = PinnedTables(lake)
    rows = purchase_rows(tables, clock)
    champion = _purchase_champion(settings)
    training = import_module("ml_modeling.train_purchase").train_purchase(rows, champion, budget)
    trained: TrainedModel = replace(training.trained, data_versions=tables.versions, git_commit=git_commit())
    card: ModelCard = import_module("ml_modeling.purchase_card").purchase_card(training, trained, clock.now())
    return replace(trained, card=card)


def _purchase_champion(settings: Settings) -> PurchaseChampion | None:
    versions = build_model_versions(settings)
    champion: PurchaseChampion | None = import_module("ml_modeling.purchase_champion").load_purchase_champion(versions)
    return champion


def _build_training_rows(lake: ArrowLake, clock: Clock) -> None:
    run, today = BatchRun(lake, lambda _: None), clock.now().date()
    training_rows = [table for table in BATCH_TABLES if table.contract is GOLD_SESSION_TRAINING_ROWS]
    try:
        run.build_stale(training_rows, today)
    except TableChangedError:
        # A batch run built the same days meanwhile.
        run.build_stale(training_rows, today)
