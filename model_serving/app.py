"""The model server's HTTP interface."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

import orjson
from fastapi import APIRouter, FastAPI, Path, Query, Response
from prometheus_client import CONTENT_TYPE_LATEST

from contracts import Clock
from contracts.errors import OnlineStoreUnavailableError
from ml_modeling.trained_model import PURCHASE, RECOMMENDER
from model_serving.answers import Health, PredictionAnswer, RecommendationsAnswer
from model_serving.features import FeaturesAnswer, FeaturesQuery, features_answer
from model_serving.health import health_of
from model_serving.impressions import ImpressionPublisher, recommendations_shown
from model_serving.metrics import ServingMetrics
from model_serving.model_store import ModelStore
from model_serving.online_reader import OnlineReader
from model_serving.predictions import predict
from model_serving.problems import add_problem_handlers, problem_responses
from model_serving.product_facts import KnownProducts
from model_serving.recommendations import recommend
from model_serving.requests import PredictionRequest, RecommendationsQuery
from web.problems import ProblemError
from web.request_metrics import CountRequests

_RECOMMENDATIONS = "/v1/recommendations/{visitor_id}"
_PREDICTION = "/v1/purchase-prediction"
_FEATURES = "/v1/features/{visitor_id}"
_VISITOR = Path(min_length=1, max_length=128, examples=["v-17"])


@dataclass(frozen=True)
class Serving:
    """What the app answers from. Starting and stopping the threads of these is the caller's."""

    models: ModelStore
    online: OnlineReader
    products: KnownProducts
    impressions: ImpressionPublisher
    metrics: ServingMetrics
    clock: Clock


def build_app(serving: Serving) -> FastAPI:
    """Return the ASGI application over ``serving``."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        serving.models.start()
        serving.impressions.start()
        yield
        serving.models.stop()
        serving.impressions.stop()

    app = FastAPI(title="Aisle model server", version="1", lifespan=lifespan)
    app.add_middleware(CountRequests, metrics=serving.metrics)
    add_problem_handlers(app)
    app.include_router(_answers(serving))
    app.include_router(_online_features(serving))
    app.include_router(_operations(serving))
    return app


def _answers(serving: Serving) -> APIRouter:
    router = APIRouter(tags=["answers"])

    @router.get(_RECOMMENDATIONS, response_model=RecommendationsAnswer, responses=problem_responses(422))
    def get_recommendations(
        visitor_id: Annotated[str, _VISITOR], query: Annotated[RecommendationsQuery, Query()]
    ) -> Response:
        """Products for a visitor, or for given products, best first. Answers always, and says from what."""
        loaded = serving.models.current(RECOMMENDER)
        answer = recommend(visitor_id, query, loaded, serving.online, serving.products)
        serving.metrics.answers.labels(_RECOMMENDATIONS, answer.source, answer.fallback or "").inc()
        if answer.items:
            serving.impressions.offer(recommendations_shown(answer, serving.clock))
        return _json(answer.model_dump_json())

    @router.post(_PREDICTION, response_model=PredictionAnswer, responses=problem_responses(422, 503))
    def post_purchase_prediction(request: PredictionRequest) -> Response:
        """Probability that an order still follows in the visitor's session."""
        loaded = serving.models.current(PURCHASE)
        if loaded is None:
            detail = f"no {PURCHASE} model is loaded: {serving.models.reason(PURCHASE)}"
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "No model", detail)
        answer = predict(request, loaded, serving.online)
        serving.metrics.answers.labels(_PREDICTION, answer.source, answer.fallback or "").inc()
        return _json(answer.model_dump_json())

    return router


def _json(body: str | bytes) -> Response:
    """Return the bytes as they are: FastAPI would check and encode a model once more, in another thread."""
    return Response(body, media_type="application/json")


def _online_features(serving: Serving) -> APIRouter:
    router = APIRouter(tags=["answers"])

    @router.get(_FEATURES, response_model=FeaturesAnswer, responses=problem_responses(422, 503))
    def get_features(visitor_id: Annotated[str, _VISITOR], query: Annotated[FeaturesQuery, Query()]) -> Response:
        """Return what is known online of a visitor, products and a customer, and how old it is: in one round trip."""
        try:
            found = serving.online.read(visitor_id, query.product_id, query.customer_id)
        except OnlineStoreUnavailableError as error:
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "No online store", str(error)) from error
        return _json(orjson.dumps(features_answer(visitor_id, query, found)))

    return router


def _operations(serving: Serving) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/health")
    def get_health() -> Health:
        """Live and ready, with reasons, always as 200."""
        return health_of(serving.models, serving.online)

    @router.get("/health/live")
    def get_live() -> dict[str, bool]:
        """200 while the process answers."""
        return {"live": True}

    @router.get("/health/ready", responses={503: {"model": Health, "description": "Not ready: the reasons"}})
    def get_ready(response: Response) -> Health:
        """200 where Redis answers and every model is loaded, else 503."""
        health = health_of(serving.models, serving.online)
        response.status_code = 200 if health.ready else 503
        return health

    @router.get("/metrics", response_class=Response)
    def get_metrics() -> Response:
        """Prometheus metrics."""
        serving.metrics.show_versions(serving.models)
        return Response(serving.metrics.page(), media_type=CONTENT_TYPE_LATEST)

    return router
