"""Routes for who operates the server."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from model_serving.answers import Health
from model_serving.health import health_of
from model_serving.serving import Serving
from model_serving.variants import answering_now


def operations(serving: Serving) -> APIRouter:
    """Return the routes of health and metrics."""
    router = APIRouter(tags=["operations"])

    @router.get("/health")
    def get_health() -> Health:
        """Live and ready, with reasons, always as 200."""
        return health_of(serving)

    @router.get("/health/live")
    def get_live() -> dict[str, bool]:
        """200 while the process answers."""
        return {"live": True}

    @router.get("/health/ready", responses={503: {"model": Health, "description": "Not ready: the reasons"}})
    def get_ready(response: Response) -> Health:
        """200 where Redis answers and every model is loaded, else 503."""
        health = health_of(serving)
        response.status_code = 200 if health.ready else 503
        return health

    @router.get("/metrics", response_class=Response)
    def get_metrics() -> Response:
        """Prometheus metrics."""
        serving.metrics.show_versions(serving.models)
        serving.metrics.show_impressions(spooled=bool(serving.impressions.failure))
        serving.metrics.variants.keep_only(answering_now(serving))
        return Response(serving.metrics.page(), media_type=CONTENT_TYPE_LATEST)

    return router
