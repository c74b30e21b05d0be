"""What the model server counts beside its requests."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from contracts import metrics as names
from model_serving.model_store import ModelStore
from web.request_metrics import RequestMetrics


class ServingMetrics(RequestMetrics):
    """The counters of one model server."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = Counter(
            names.ANSWERS_TOTAL, "Answers by their source", ["route", "source", "fallback"], registry=self._registry
        )
        self._model_version = Gauge(
            names.MODEL_VERSION, "Version of the model in use", ["model"], registry=self._registry
        )
        self.impressions_dropped = Counter(
            names.IMPRESSIONS_DROPPED_TOTAL,
            "Impressions that neither Kafka nor the spool took",
            registry=self._registry,
        )

    def show_versions(self, models: ModelStore) -> None:
        """Take over which version of each model is in use."""
        for name in models.names:
            loaded = models.current(name)
            if loaded is not None:
                self._model_version.labels(name).set(float(loaded.version.version))
