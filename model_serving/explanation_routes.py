"""Routes that explain what a request is answered now; nothing is shown by them, and no impression kept."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from contracts.errors import NotReadyError
from model_serving.access import require_own
from model_serving.asked import Asked
from model_serving.explanation_answers import PredictionExplanation, RecommendationsExplanation
from model_serving.explanations import explain_prediction, explain_recommendations
from model_serving.json_route import JsonRoute
from model_serving.prediction_routes import require_model
from model_serving.problems import OF_BODIES, problem_responses
from model_serving.replies import json_reply
from model_serving.requests import PredictionRequest, RecommendationRequest
from model_serving.serving import Serving
from model_serving.variants import recommender_for
from web.problems import ProblemError
from web.request_id import request_id_of

_LIST = "/v1/recommendations/explanation"
_PREDICTION = "/v1/purchase-prediction/explanation"


def explanations(serving: Serving) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["explanations"], route_class=JsonRoute)

    @router.post(_LIST, response_model=RecommendationsExplanation, responses=problem_responses(*OF_BODIES))
    def post_recommendations_explanation(request: Request, wanted: RecommendationRequest) -> Response:
        """Explain the list that `POST /v1/recommendations` answers to this body now: why each product is there."""
        require_own(request, wanted.visitor_id)
        loaded, variant = recommender_for(wanted.visitor_id, serving)
        asked = Asked(request_id_of(request), wanted.placement, wanted.visitor_id, wanted.product_ids, wanted, variant)
        return json_reply(explain_recommendations(asked, loaded, serving).model_dump_json())

    @router.post(_PREDICTION, response_model=PredictionExplanation, responses=problem_responses(*OF_BODIES, 503))
    def post_purchase_explanation(request: Request, wanted: PredictionRequest) -> Response:
        """Explain the answer of `POST /v1/purchase-prediction` to this body now: what each feature adds to it."""
        require_own(request, wanted.visitor_id)
        loaded = require_model(serving)
        try:
            explained = explain_prediction(wanted, request_id_of(request), loaded, serving.online)
        except NotReadyError as error:
            detail = f"version {loaded.version.version}: {error}"
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "No explanation", detail) from error
        return json_reply(explained.model_dump_json())

    return router
