"""Lists that are asked for again by the same URL while nothing that they rest on has changed: answered as they are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from anyio import to_thread
from fastapi import Request, Response
from fastapi.routing import APIRoute

from model_serving.access import require_own
from model_serving.answers import Known, VariantName
from model_serving.asked import Asked
from model_serving.latest_used import LatestUsed
from model_serving.metrics import ListCache
from model_serving.model_source import ModelVersion
from model_serving.newcomer_place import with_newcomer
from model_serving.placements import Lead
from model_serving.ranking import Ranking
from model_serving.recommendations import Made, answer_of
from model_serving.replies import EncodedList
from model_serving.serving import Serving
from model_serving.showing import Showing
from model_serving.variants import recommender_for
from model_serving.visitor_versions import VisitorVersions
from web.request_id import request_id_of

# 10 kB each for a list of 20, its ranking among it.
MOST_KEPT = 2_048
_LONGEST_QUERY = 1_000

Make = Callable[[Request], Awaitable[Response]]


class _Grounds(NamedTuple):
    """What a list rests on beside the facts of its products: what the visitor did, the model, what leads."""

    version: bytes
    model: ModelVersion | None
    variant: VariantName | None
    leading: object


@dataclass(frozen=True, slots=True)
class _Hot:
    """A list, what it was made from, and what is noted of it; ``last_seen``: when ``known`` was last true."""

    asked: Asked
    grounds: _Grounds
    ranking: Ranking
    seen: list[str]
    known: Known | None
    last_seen: datetime
    encoded: EncodedList
    showing: Showing


class HotLists:
    """Answers what was asked before, as it would be made now; for the coroutines of one event loop.

    Nothing is kept of a URL that comes once: the second time it is known what to look at before the list is made, so
    that whatever changes meanwhile makes the third request compute.
    """

    def __init__(self, serving: Serving, versions: VisitorVersions) -> None:
        self._serving = serving
        self._versions = versions
        self._kept: LatestUsed[tuple[str, bytes], Asked | _Hot] = LatestUsed(MOST_KEPT)

    async def reply(self, request: Request, make: Make) -> Response:
        """Answer a request, by ``make`` where the list is not there or not what it would be now.

        ``make`` leaves what it ``Made`` in the request's state. Raises as it does, and as ``require_own``.
        """
        url = request.scope["path"], request.scope["query_string"]
        if len(url[1]) > _LONGEST_QUERY:
            return await make(request)
        before = self._kept.get(url)
        if before is None:
            response = await make(request)
            self._kept.put(url, _made(request).asked)
            return response
        asked = before.asked if isinstance(before, _Hot) else before
        started = self._serving.clock.now()
        grounds = await self._grounds(asked)
        if isinstance(before, _Hot) and grounds == before.grounds and await self._holds(before.ranking):
            return self._again(before, request)
        response = await make(request)
        made = _made(request)
        hot = self._hot(made, grounds, started, request) if grounds else None
        self._kept.put(url, hot or made.asked)
        return response

    async def _grounds(self, asked: Asked) -> _Grounds | None:
        """Return what a list would rest on now, None where some of it has to be read first, or cannot be."""
        version = b"" if asked.latest_of is None else await self._versions.of(asked.latest_of)
        leading = self._leading(asked)
        if version is None or leading is None:
            return None
        loaded, variant = recommender_for(asked.visitor_id, self._serving)
        return _Grounds(version, None if loaded is None else loaded.version, variant, leading)

    def _leading(self, asked: Asked) -> object:
        if asked.lead is Lead.BOUGHT_TOGETHER:
            return self._serving.pairs.kept(asked.product_ids)
        return self._serving.trending.kept if asked.lead is Lead.LIVE_VIEWS else ()

    async def _holds(self, ranking: Ranking) -> bool:
        """Say whether the facts of all products that were considered are what they were."""
        products = self._serving.products
        facts = products.kept(ranking.facts)
        if facts is None:
            facts = await to_thread.run_sync(products.of, list(ranking.facts))
        return facts == ranking.facts

    def _hot(self, made: Made, grounds: _Grounds, started: datetime, request: Request) -> _Hot | None:
        """Return what is kept of a list; None where there was no model, its variant's failed, or it may not be."""
        ranking, known = made.ranking, made.context.known
        is_as_chosen = grounds.model is not None and made.asked.variant == grounds.variant
        if ranking is None or not ranking.may_be_kept or not is_as_chosen:
            return None
        answer = answer_of(made.asked, grounds.model, ranking.page, ranking.reason, known)
        age_s = known.age_s or 0.0 if known else 0.0
        return _Hot(
            asked=made.asked,
            grounds=grounds,
            ranking=ranking,
            seen=made.context.seen,
            known=known,
            last_seen=started - timedelta(seconds=age_s),
            encoded=EncodedList.of(answer),
            showing=Showing.of(answer, request.scope["route"].path),
        )

    def _again(self, hot: _Hot, request: Request) -> Response:
        require_own(request, hot.asked.visitor_id)
        serving, request_id, known = self._serving, request_id_of(request), self._known(hot)
        page = with_newcomer(hot.ranking.page, hot.asked, hot.seen, serving)
        encoded, showing = hot.encoded, hot.showing
        if page is not hot.ranking.page:
            answer = answer_of(hot.asked, hot.grounds.model, page, hot.ranking.reason, known)
            encoded, showing = EncodedList.of(answer), Showing.of(answer, request.scope["route"].path)
        showing.note(request_id, known, serving)
        serving.metrics.list_came(ListCache.HOT)
        return encoded.reply(request_id, known, request.headers.get("if-none-match"))

    def _known(self, hot: _Hot) -> Known | None:
        """Return what Redis had of the visitor, as old as it is by now."""
        if hot.known is None or hot.known.age_s is None:
            return hot.known
        return Known.of(hot.known.presence, self._serving.clock.now() - hot.last_seen)


def hot_route(lists: HotLists) -> type[APIRoute]:
    """Return the class of routes that ask ``lists`` before they validate and compute."""

    class HotRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            make = super().get_route_handler()

            async def reply(request: Request) -> Response:
                return await lists.reply(request, make)

            return reply

    return HotRoute


def _made(request: Request) -> Made:
    made: Made = request.state.made
    return made
