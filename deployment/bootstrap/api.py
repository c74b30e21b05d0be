"""Wires the model server. What is slow to import or to reach is built in background threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from threading import Lock

import httpx
from fastapi import FastAPI

from contracts import EventBus, SystemClock
from deployment.bootstrap.access import build_access
from deployment.bootstrap.experiments_file import build_experiments_file, build_watch_marks
from deployment.bootstrap.inventory_tail import InventoryTail
from deployment.bootstrap.lean_import import without
from deployment.bootstrap.live import build_live_features, build_product_reader, build_sampled_reader
from deployment.bootstrap.redis_client import build_redis
from deployment.bootstrap.tracing import build_tracing
from deployment.settings import Settings
from feature_store.live.versions import LiveVersions
from feature_store.product_pairs import OnlineProductPairs
from feature_store.shared_values import SharedValues
from ingestion.probe import require_broker
from ml_modeling.purchase import PurchaseModel
from ml_modeling.recommender import Recommends
from ml_modeling.recommending.product_facts import ProductFacts
from ml_modeling.trained_model import PURCHASE, RECOMMENDER
from model_serving.app import build_app
from model_serving.impression_publisher import ImpressionPublisher
from model_serving.impression_spool import ImpressionSpool
from model_serving.inventory_feed import InventoryFeed
from model_serving.kept_rankings import KeptRankings
from model_serving.listing import Listing
from model_serving.metrics import ServingMetrics
from model_serving.model_source import MlflowModelSource
from model_serving.model_store import ModelStore
from model_serving.online_reader import PatientReader
from model_serving.product_facts import FACTS, KnownProducts
from model_serving.product_pairs import KnownPairs
from model_serving.ranking import MadeEachTime, Rankings
from model_serving.running_experiments import RunningExperiments
from model_serving.serving import Serving
from model_serving.shared_rankings import SharedRankings
from model_serving.shop_window import ShopWindow
from model_serving.trending import Trending
from model_serving.visitor_versions import VisitorVersions

# A request is better answered without its past than late.
_STORE_ANSWERS_WITHIN_S = 0.25
_CACHE_ANSWERS_WITHIN_S = 0.1
_REGISTRY_ANSWERS_WITHIN_S = 5.0


def build_api(settings: Settings) -> FastAPI:
    """Return the model server of these settings; it needs nothing else to be up."""
    # Two threads that import pandas at once can meet half-made modules.
    metrics, importing = ServingMetrics(), Lock()
    experiments = RunningExperiments(build_experiments_file(settings), build_watch_marks(settings).is_fresh)
    models, listing = _build_models(settings, experiments, importing), Listing()
    window = ShopWindow(listing, lambda: _recommender(models), lambda facts: _first_list(facts, importing))
    products = KnownProducts(build_product_reader(settings, FACTS, _STORE_ANSWERS_WITHIN_S))
    rankings, versions = _build_cache(settings, products, metrics)
    serving = Serving(
        models=models,
        experiments=experiments,
        online=PatientReader(build_sampled_reader(settings, _STORE_ANSWERS_WITHIN_S)),
        products=products,
        pairs=KnownPairs(OnlineProductPairs(build_redis(settings, _STORE_ANSWERS_WITHIN_S))),
        trending=Trending(build_live_features(settings)),
        window=window,
        rankings=rankings,
        versions=versions,
        inventory=InventoryFeed(lambda: InventoryTail(settings), listing, window.refresh),
        impressions=_build_impressions(settings, metrics),
        metrics=metrics,
        clock=SystemClock(),
    )
    return build_app(serving, build_access(settings, settings.api.access), build_tracing(settings, "api"))


def _build_cache(
    settings: Settings, products: KnownProducts, metrics: ServingMetrics
) -> tuple[Rankings, VisitorVersions | None]:
    if not settings.api.cache:
        return MadeEachTime(), None
    client = build_redis(settings, _CACHE_ANSWERS_WITHIN_S)
    shared = SharedRankings(SharedValues(client, "rankings"), products)
    return KeptRankings(products, shared, metrics.list_came), VisitorVersions(LiveVersions(client))


def _build_impressions(settings: Settings, metrics: ServingMetrics) -> ImpressionPublisher:
    spool = ImpressionSpool(settings.data_dir / "impressions")
    return ImpressionPublisher(lambda: _build_bus(settings), spool, metrics.impressions_dropped.inc)


def _recommender(models: ModelStore) -> Recommends | None:
    loaded = models.current(RECOMMENDER)
    return loaded.model if loaded else None


def _first_list(facts: Mapping[str, ProductFacts], importing: Lock) -> Sequence[str]:
    with importing:
        first_lists = import_module("ml_modeling.first_list")
    found: Sequence[str] = first_lists.first_list(facts)
    return found


def _build_models(settings: Settings, experiments: RunningExperiments, importing: Lock) -> ModelStore:
    client = httpx.Client(base_url=settings.mlflow.tracking_uri, timeout=_REGISTRY_ANSWERS_WITHIN_S)

    def load_purchase(directory: Path) -> PurchaseModel:
        # LightGBM takes these where it finds them: a second and 120 MB, for what predicting from arrays does not need.
        with importing, without("pandas", "sklearn", "pyarrow"):
            return PurchaseModel.load(directory)

    def load_recommender(directory: Path) -> Recommends:
        with importing:
            recommenders = import_module("ml_modeling.two_stage_recommender")
        model: Recommends = recommenders.load_recommender(directory)
        return model

    # The recommender last: where its machine code is not kept yet, it compiles for a minute.
    loaders = {PURCHASE: load_purchase, RECOMMENDER: load_recommender}
    snapshots = settings.data_dir / "model_snapshots"
    source, poll_s = MlflowModelSource(client), settings.api.model_poll_s
    return ModelStore(source, loaders, experiments.refresh, snapshots, poll_s)


def _build_bus(settings: Settings) -> EventBus:
    """Return a bus to a broker that answers; raises ``BrokerUnavailableError``."""
    require_broker(settings.kafka.bootstrap_servers)
    # kafka-python takes 1.7 ms of the requests' time for an impression, librdkafka 0.3 ms of another thread's.
    bus: EventBus = import_module("deployment.bootstrap.bus").build_bus(settings, fast=True)
    return bus
