"""Requests counted, timed and logged: figures in Prometheus' form."""

from __future__ import annotations

from time import perf_counter

from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts import metrics as names
from contracts.stages import WATCH
from web.request_log import log_request
from web.stages import Stages

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_STAGE_SECONDS = (0.00025, 0.0005, *_SECONDS[:-2])


class RequestMetrics:
    """The counters of one app, in a registry of its own; what else it counts joins that registry."""

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
        self.stage_seconds = Histogram(
            names.STAGE_SECONDS,
            "Seconds of what requests wait for",
            ["stage"],
            buckets=_STAGE_SECONDS,
            registry=self._registry,
        )
        self.in_flight = Gauge(names.REQUESTS_IN_FLIGHT, "Requests being answered", registry=self._registry)

    def page(self) -> bytes:
        """Return all metrics as text."""
        return generate_latest(self._registry)


class CountRequests:
    """ASGI middleware: counts, times and logs every request by its route's template, and watches its stages.

    With a ``tracer``, the stages of a request that is traced are spans of it.
    """

    def __init__(self, app: ASGIApp, metrics: RequestMetrics, tracer: Tracer | None = None) -> None:
        self._app = app
        self._metrics = metrics
        self._stages = Stages(metrics.stage_seconds, tracer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and watch the answer's status."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Never reset: each request has a task of its own.
        WATCH.set(self._stages)
        started, status = perf_counter(), 500

        async def send_and_watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            with self._metrics.in_flight.track_inprogress():
                await self._app(scope, receive, send_and_watch)
        finally:
            # Unknown paths share one label: a scanner must not fill the memory with them.
            route, seconds = getattr(scope.get("route"), "path", "unmatched"), perf_counter() - started
            self._metrics.requests.labels(route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(seconds)
            log_request(scope, route, status, seconds)
