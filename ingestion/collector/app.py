"""The collector's HTTP interface."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from prometheus_client import CONTENT_TYPE_LATEST

from contracts.errors import BrokerUnavailableError
from contracts.topics import TRACEPARENT_HEADER
from ingestion.collector import openapi
from ingestion.collector.answers import EventsAnswer, Health, KafkaHealth
from ingestion.collector.collecting import Collector
from web import request_id
from web.access.clients import Scope
from web.access.guard import Access
from web.access.guarded_app import guard
from web.docs_page import add_docs
from web.problems import add_problem_handlers, describe_problems
from web.security_headers import SecurityHeaders
from web.tracing import Tracing
from web.watched_app import watch

_PREFLIGHT_KEPT_S = 3600


def build_app(
    collector: Collector,
    cors_origins: Sequence[str] = (),
    access: Access | None = None,
    tracing: Tracing | None = None,
) -> FastAPI:
    """Return the ASGI application over ``collector``; browsers may post from pages of ``cors_origins`` (``*``: any).

    Without ``access`` it takes events from everybody.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        collector.bus.start()
        yield
        collector.bus.close()
        if tracing is not None:
            tracing.close()

    app = FastAPI(title="Aisle collector", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    if access is not None:
        guard(app, access, Scope.EVENTS)
    watch(app, collector.metrics, tracing)
    if cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=cors_origins,
            allow_methods=["POST"],
            allow_headers=["content-type", "authorization", request_id.HEADER, TRACEPARENT_HEADER],
            expose_headers=["retry-after", "www-authenticate", request_id.HEADER],
            max_age=_PREFLIGHT_KEPT_S,
        )
    app.add_middleware(SecurityHeaders)
    add_problem_handlers(app)
    describe_problems(app)
    app.include_router(_events(collector))
    app.include_router(_operations(collector))
    add_docs(app)
    return app


def _events(collector: Collector) -> APIRouter:
    router = APIRouter(tags=["events"])

    @router.post(
        "/v1/events",
        status_code=202,
        response_model=EventsAnswer,
        responses=openapi.responses(),
        openapi_extra=openapi.REQUEST,
    )
    async def post_events(request: Request) -> Response:
        """Take one event or a list of them. What is accepted is in Kafka by the time of the answer."""
        answer = await collector.collect(request)
        return Response(orjson.dumps(answer), 202, media_type="application/json")

    return router


def _operations(collector: Collector) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/health")
    def get_health() -> Health:
        """Live and ready, with reasons, always as 200."""
        return _health(collector)

    @router.get("/health/live")
    def get_live() -> dict[str, bool]:
        """200 while the process answers."""
        return {"live": True}

    @router.get("/health/ready", responses={503: {"model": Health, "description": "Not ready: the reasons"}})
    def get_ready(response: Response) -> Health:
        """200 where Kafka answers with all topics, else 503."""
        health = _health(collector)
        response.status_code = 200 if health.ready else 503
        return health

    @router.get("/metrics", response_class=Response)
    async def get_metrics() -> Response:
        """Prometheus metrics."""
        return Response(collector.metrics.page(), media_type=CONTENT_TYPE_LATEST)

    return router


def _health(collector: Collector) -> Health:
    try:
        collector.bus.require_ready()
    except BrokerUnavailableError as error:
        kafka = KafkaHealth(ok=False, reason=str(error))
    else:
        kafka = KafkaHealth(ok=True)
    return Health(live=True, ready=kafka.ok, dependencies={"kafka": kafka})
