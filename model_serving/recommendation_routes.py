"""Routes of recommendations: each says for what placement, of what products; the answer is made at one place."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.routing import APIRoute

from model_serving.access import require_own
from model_serving.answered_lists import answered
from model_serving.answers import RecommendationsAnswer, RecommendationsBatchAnswer
from model_serving.asked import Asked
from model_serving.hot_lists import HotLists, hot_route
from model_serving.json_route import JsonRoute
from model_serving.placements import Placement
from model_serving.problems import OF_BODIES, problem_responses
from model_serving.recommendations import Made
from model_serving.replies import EncodedList, json_reply
from model_serving.requests import PageQuery, RecommendationRequest, RecommendationsBatch, RecommendationsQuery
from model_serving.serving import Serving
from model_serving.showing import Showing
from web.request_id import request_id_of

_HOME = "/v1/recommendations/{visitor_id}"
_SIMILAR = "/v1/products/{product_id}/similar"
_BOUGHT_TOGETHER = "/v1/products/{product_id}/bought-together"
_TRENDING = "/v1/trending"
_ANY = "/v1/recommendations"
_BATCH = "/v1/recommendations/batch"
VisitorId = Annotated[str, Path(min_length=1, max_length=128, examples=["v-17"])]
_ProductId = Annotated[str, Path(min_length=1, max_length=128, examples=["p-12"])]
_Tag = Annotated[str | None, Header(alias="If-None-Match", description="the `ETag` of the list that is there already")]
_LISTED: dict[str, Any] = {
    "response_model": RecommendationsAnswer,
    "responses": {304: {"description": "The same list: show it, under this answer's X-Request-ID"}}
    | problem_responses(422),
}


def lists_by_get(serving: Serving) -> APIRouter:
    """Return the routes whose answer may be one that the client has already."""
    route_class = hot_route(HotLists(serving, serving.versions)) if serving.versions else APIRoute
    router, lists = APIRouter(tags=["recommendations"], route_class=route_class), _Lists(serving)

    @router.get(_HOME, **_LISTED)
    def get_recommendations(
        request: Request, visitor_id: VisitorId, query: Annotated[RecommendationsQuery, Query()], tag: _Tag = None
    ) -> Response:
        """Products for a visitor, or for given products, best first. Answers always, and says from what."""
        require_own(request, visitor_id)
        asked = Asked(request_id_of(request), Placement.HOME, visitor_id, query.product_id, query)
        return lists.reply(request, asked, _HOME, tag)

    @router.get(_SIMILAR, **_LISTED)
    def get_similar(
        request: Request, product_id: _ProductId, query: Annotated[PageQuery, Query()], tag: _Tag = None
    ) -> Response:
        """Products that those who look at this one look at next."""
        require_own(request, query.visitor_id)
        asked = Asked(request_id_of(request), Placement.SIMILAR, query.visitor_id, [product_id], query)
        return lists.reply(request, asked, _SIMILAR, tag)

    @router.get(_BOUGHT_TOGETHER, **_LISTED)
    def get_bought_together(
        request: Request, product_id: _ProductId, query: Annotated[PageQuery, Query()], tag: _Tag = None
    ) -> Response:
        """Products that are in one basket with this one; then what those who look at it look at next."""
        require_own(request, query.visitor_id)
        asked = Asked(request_id_of(request), Placement.BOUGHT_TOGETHER, query.visitor_id, [product_id], query)
        return lists.reply(request, asked, _BOUGHT_TOGETHER, tag)

    @router.get(_TRENDING, **_LISTED)
    def get_trending(request: Request, query: Annotated[PageQuery, Query()], tag: _Tag = None) -> Response:
        """Products that are viewed most now; then what was popular when the model learned."""
        require_own(request, query.visitor_id)
        asked = Asked(request_id_of(request), Placement.TRENDING, query.visitor_id, [], query)
        return lists.reply(request, asked, _TRENDING, tag)

    return router


def lists_by_post(serving: Serving) -> APIRouter:
    """Return the routes that are told all in a body."""
    router, lists = APIRouter(tags=["recommendations"], route_class=JsonRoute), _Lists(serving)

    @router.post(_ANY, response_model=RecommendationsAnswer, responses=problem_responses(*OF_BODIES))
    def post_recommendations(request: Request, wanted: RecommendationRequest) -> Response:
        """Products for a placement, of what the request says: a session, a cart, a page."""
        require_own(request, wanted.visitor_id)
        made = lists.made(_asked(wanted, request_id_of(request)), _ANY)
        return json_reply(made.answer.model_dump_json())

    @router.post(_BATCH, response_model=RecommendationsBatchAnswer, responses=problem_responses(*OF_BODIES))
    def post_recommendations_batch(request: Request, batch: RecommendationsBatch) -> Response:
        """Up to 50 lists at once, each with a request id of its own."""
        require_own(request, *(wanted.visitor_id for wanted in batch.requests))
        request_id = request_id_of(request)
        answers = [
            lists.made(_asked(wanted, f"{request_id}.{number}"), _BATCH).answer
            for number, wanted in enumerate(batch.requests)
        ]
        return json_reply(RecommendationsBatchAnswer(request_id=request_id, answers=answers).model_dump_json())

    return router


def _asked(wanted: RecommendationRequest, request_id: str) -> Asked:
    return Asked(request_id, wanted.placement, wanted.visitor_id, wanted.product_ids, wanted)


class _Lists:
    """Lists that are answered are counted, and offered as impressions."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    def made(self, asked: Asked, route: str) -> Made:
        made = answered(asked, self._serving)
        Showing.of(made.answer, route).note(asked.request_id, made.answer.known, self._serving)
        return made

    def reply(self, request: Request, asked: Asked, route: str, tag: str | None) -> Response:
        """Answer a GET; what was made stays in the request's state, for who keeps it."""
        request.state.made = made = self.made(asked, route)
        return EncodedList.of(made.answer).reply(asked.request_id, made.answer.known, tag)
