"""The route of online features."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Request, Response

from contracts.errors import OnlineStoreUnavailableError
from model_serving.access import require_any_customer, require_own
from model_serving.features import FeaturesAnswer, FeaturesQuery, features_answer
from model_serving.problems import problem_responses
from model_serving.replies import json_reply
from model_serving.serving import Serving
from web.problems import ProblemError

_FEATURES = "/v1/features/{visitor_id}"
VisitorId = Annotated[str, Path(min_length=1, max_length=128, examples=["v-17"])]


def online_features(serving: Serving) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["features"])

    @router.get(_FEATURES, response_model=FeaturesAnswer, responses=problem_responses(422, 503))
    def get_features(request: Request, visitor_id: VisitorId, query: Annotated[FeaturesQuery, Query()]) -> Response:
        """Return what is known online of a visitor, products and a customer, and how old it is: in one round trip."""
        require_own(request, visitor_id)
        require_any_customer(request, query.customer_id)
        try:
            found = serving.online.read(visitor_id, query.product_id, query.customer_id)
        except OnlineStoreUnavailableError as error:
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "No online store", str(error)) from error
        return json_reply(orjson.dumps(features_answer(visitor_id, query, found)))

    return router
