"""What the model server counts, in Prometheus' form."""

from __future__ import annotations

from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts import metrics as names
from model_serving.model_store import ModelStore

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class ServingMetrics:
    """The counters of one app, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(names.REQUESTS_TOTAL, "Requests answered", ["route", "status"], registry=self._registry)
        self.seconds = Histogram(
            names.REQUEST_SECONDS,
            "Seconds from request to answer",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.answers = Counter(
            names.ANSWERS_TOTAL, "Answers by their source", ["route", "source", "fallback"], registry=self._registry
        )
        self.model_version = Gauge(
            names.MODEL_VERSION, "Version of the model in use", ["model"], registry=self._registry
        )
        self.impressions_dropped = Counter(
            names.IMPRESSIONS_DROPPED_TOTAL, "Impressions that did not reach Kafka", registry=self._registry
        )

    def page(self, models: ModelStore) -> bytes:
        """Return all metrics as text."""
        for name in models.names:
            loaded = models.current(name)
            if loaded is not None:
                self.model_version.labels(name).set(float(loaded.version.version))
        return generate_latest(self._registry)


class CountRequests:
    """ASGI middleware: counts and times every request by its route's template."""

    def __init__(self, app: ASGIApp, metrics: ServingMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and watch the answer's status."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = perf_counter(), 500

        async def send_and_watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_watch)
        finally:
            # Unknown paths share one label: a scanner must not fill the memory with them.
            route = getattr(scope.get("route"), "path", "unmatched")
            self._metrics.requests.labels(route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(perf_counter() - started)
