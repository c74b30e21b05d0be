"""Wires batch scoring: MLflow's champion, the lake without Spark, Redis."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from importlib import import_module

from batch_processing.barred_products import barred_products
from batch_processing.batch_tables import BATCH_TABLES
from batch_processing.in_threads import in_threads
from batch_processing.recommendations import Scorer
from batch_processing.recommendations_run import Batches, Engine, RecommendationsRun, Scored
from batch_processing.running import BatchRun
from contracts import Clock
from contracts.errors import NotReadyError
from contracts.tables import GOLD_PRODUCT_FEATURES, SILVER_TRANSACTION_LINES
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.champion import champion_of, downloaded, open_models
from deployment.bootstrap.redis_client import build_redis
from deployment.settings import Settings
from feature_store.customer_lists import OnlineCustomerLists
from feature_store.product_pairs import OnlineProductPairs
from ml_modeling.business_rules import Barred
from ml_modeling.co_visitation_lists import CoVisitationLists
from ml_modeling.customer_lists import ListModel
from ml_modeling.recommender import Recommender, Recommends
from ml_modeling.two_stage_lists import TwoStageLists
from ml_modeling.two_stage_recommender import TwoStageRecommender
from model_serving.model_source import ModelVersion

_STORE_ANSWERS_WITHIN_S = 10.0


def score_customers(
    settings: Settings, lake: ArrowLake, clock: Clock, watch: Callable[[Batches, int], Batches]
) -> tuple[ModelVersion, Scored]:
    """Bring ``gold.recommendations`` up to date with the champion of the recommenders.

    The lines sold are brought up to date first. Raises ``RegistryUnavailableError``, ``NotReadyError`` where there is
    no champion, and what ``RecommendationsRun`` raises.
    """
    with open_models(settings) as models:
        version = champion_of(models)
        model = _list_model(downloaded(models, version))
    lines = [table for table in BATCH_TABLES if table.contract is SILVER_TRANSACTION_LINES]
    BatchRun(lake, lambda _: None).build_stale(lines, clock.now().date())
    scorer = Scorer(model, version.name, version.version, _barred(lake), clock.now())
    return version, RecommendationsRun(lake, scorer, _engine(settings, scorer), watch).run()


def build_online_customer_lists(settings: Settings) -> OnlineCustomerLists:
    """Return the lists in Redis; connects at the first call."""
    return OnlineCustomerLists(build_redis(settings, _STORE_ANSWERS_WITHIN_S))


def build_online_product_pairs(settings: Settings) -> OnlineProductPairs:
    """Return the pairs in Redis; connects at the first call."""
    return OnlineProductPairs(build_redis(settings, _STORE_ANSWERS_WITHIN_S))


def _engine(settings: Settings, scorer: Scorer) -> Engine:
    if settings.scoring.engine == "threads":
        return partial(in_threads, scorer.rows, threads=len(os.sched_getaffinity(0)))
    # Spark takes seconds to import, and starts a JVM.
    spark = import_module("deployment.bootstrap.spark").build_spark(settings, "aisle-recommendations")
    engine: Engine = import_module("deployment.bootstrap.spark_scoring").SparkScoring(spark, scorer.rows, settings.lake)
    return engine


def _list_model(model: Recommends) -> ListModel:
    match model:
        case TwoStageRecommender():
            return TwoStageLists(model)
        case Recommender():
            return CoVisitationLists(model)
    msg = f"{type(model).__name__} cannot rank for many customers: expected a recommender of one or two stages"
    raise NotReadyError(msg)


def _barred(lake: ArrowLake) -> Barred:
    """Return what must not be shown; nothing where no batch run has made product features yet."""
    return barred_products(lake.scan(GOLD_PRODUCT_FEATURES)) if lake.exists(GOLD_PRODUCT_FEATURES) else Barred()
