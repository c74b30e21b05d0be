"""Routes of purchase prediction."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from ml_modeling.trained_model import PURCHASE
from model_serving.access import require_own
from model_serving.answers import PredictionAnswer, PredictionsBatchAnswer
from model_serving.json_route import JsonRoute
from model_serving.model_store import LoadedModel
from model_serving.predictions import predict
from model_serving.problems import OF_BODIES, problem_responses
from model_serving.replies import json_reply
from model_serving.requests import PredictionRequest, PredictionsBatch
from model_serving.serving import Serving
from web.problems import ProblemError
from web.request_id import request_id_of

_ONE = "/v1/purchase-prediction"
_BATCH = "/v1/purchase-prediction/batch"


def predictions(serving: Serving) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["predictions"], route_class=JsonRoute)

    @router.post(_ONE, response_model=PredictionAnswer, responses=problem_responses(*OF_BODIES, 503))
    def post_purchase_prediction(request: Request, wanted: PredictionRequest) -> Response:
        """Probability that an order still follows in the visitor's session."""
        require_own(request, wanted.visitor_id)
        [answer] = predict([wanted], request_id_of(request), require_model(serving), serving.online)
        serving.metrics.count(_ONE, answer)
        return json_reply(answer.model_dump_json())

    @router.post(_BATCH, response_model=PredictionsBatchAnswer, responses=problem_responses(*OF_BODIES, 503))
    def post_purchase_predictions(request: Request, batch: PredictionsBatch) -> Response:
        """Up to 200 predictions at once, by one call of the model."""
        require_own(request, *(wanted.visitor_id for wanted in batch.requests))
        request_id = request_id_of(request)
        answers = predict(batch.requests, request_id, require_model(serving), serving.online)
        for answer in answers:
            serving.metrics.count(_BATCH, answer)
        return json_reply(PredictionsBatchAnswer(request_id=request_id, answers=answers).model_dump_json())

    return router


def require_model(serving: Serving) -> LoadedModel:
    """Return the champion; raises ``ProblemError`` (503) where there is none."""
    loaded = serving.models.current(PURCHASE)
    if loaded is None:
        detail = f"no {PURCHASE} model is loaded: {serving.models.reason(PURCHASE)}"
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "No model", detail)
    return loaded
