"""What the model server counts beside its requests."""

from __future__ import annotations

from enum import StrEnum

from prometheus_client import Counter, Gauge, Histogram

from contracts import metrics as names
from model_serving.answers import PredictionAnswer, RecommendationsAnswer
from model_serving.model_store import ModelStore
from model_serving.variant_metrics import VariantMetrics
from web.request_metrics import RequestMetrics

# From milliseconds after a visitor's last event to the 30 days after which features count as expired.
_AGES_S = (0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 1_800.0, 3_600.0, 86_400.0, 604_800.0, 2_592_000.0)


class ListCache(StrEnum):
    """How a list came, where lists are kept."""

    HOT = "hot"
    """The whole answer was there."""
    KEPT = "kept"
    """Its ranking was there."""
    SHARED = "shared"
    """Another server had made its ranking, or was making it."""
    WAITED = "waited"
    """Another thread was making its ranking."""
    MADE = "made"


class ServingMetrics(RequestMetrics):
    """The counters of one model server."""

    def __init__(self) -> None:
        super().__init__()
        self._answers = Counter(
            names.ANSWERS_TOTAL, "Answers by their source", ["route", "source", "fallback"], registry=self._registry
        )
        self._feature_age = Histogram(
            names.FEATURE_AGE_SECONDS,
            "Seconds from a visitor's last event to the answer that used what was known of them",
            ["route"],
            buckets=_AGES_S,
            registry=self._registry,
        )
        self._lists_cached = Counter(
            names.LISTS_CACHED_TOTAL, "Lists by how they came", ["outcome"], registry=self._registry
        )
        self.variants = VariantMetrics(self._registry)
        self._model_version = Gauge(
            names.MODEL_VERSION, "Version of the model in use", ["model"], registry=self._registry
        )
        self.impressions_dropped = Counter(
            names.IMPRESSIONS_DROPPED_TOTAL,
            "Impressions that neither Kafka nor the spool took",
            registry=self._registry,
        )
        self._spooling = Gauge(
            names.IMPRESSIONS_SPOOLING, "1 while Kafka does not take impressions, 0 else", registry=self._registry
        )

    def count(self, route: str, answer: RecommendationsAnswer | PredictionAnswer) -> None:
        """Count an answer by its source, and note how old what it is made from was."""
        self._answers.labels(route, answer.source, answer.fallback or "").inc()
        if answer.known is not None and answer.known.age_s is not None:
            self._feature_age.labels(route).observe(answer.known.age_s)

    def show_impressions(self, *, spooled: bool) -> None:
        """Take over whether impressions are spooled rather than sent."""
        self._spooling.set(spooled)

    def list_came(self, how: ListCache) -> None:
        """Count a list."""
        self._lists_cached.labels(how.value).inc()

    def show_versions(self, models: ModelStore) -> None:
        """Take over which version of each model is in use."""
        for name in models.names:
            loaded = models.current(name)
            if loaded is not None:
                self._model_version.labels(name).set(float(loaded.version.version))
