"""One list of recommendations: context, what leads, model, the shop's rules, fallback."""

from __future__ import annotations

from typing import NamedTuple

from contracts.errors import OnlineStoreUnavailableError
from feature_store.live.reader import Presence
from ml_modeling.recommender import CATALOGUE, NEWCOMER, POPULARITY, RankedProduct, Recommends
from model_serving.answers import Fallback, Known, ListSource, ModelName, RecommendationsAnswer, RecommendedProduct
from model_serving.arranging import arranged
from model_serving.asked import Asked
from model_serving.leading import leading
from model_serving.list_query import MAX_OFFSET
from model_serving.model_store import LoadedModel
from model_serving.newcomer_place import with_newcomer
from model_serving.online_reader import OnlineReader
from model_serving.serving import Serving

# The sources of products that nothing known of the visitor speaks for.
_OF_NOBODY = {POPULARITY, CATALOGUE, NEWCOMER}


class Context(NamedTuple):
    """What was seen, latest first: in the last session, and before it; why that is nothing; what Redis had."""

    recent: list[str]
    past: list[str]
    fallback: Fallback | None
    known: Known | None


def recommend(asked: Asked, loaded: LoadedModel | None, serving: Serving) -> RecommendationsAnswer:
    """Answer always: from the model, else from catalogue or popularity, else with an empty list; and say which."""
    wanted = asked.wanted
    if loaded is None:
        unwanted = [*wanted.exclude, *asked.product_ids]
        ranked = arranged(lambda count: serving.window.first(count, unwanted), wanted, serving.products)
        return _answer(asked, None, ranked[wanted.offset :], "no_model", None)
    model: Recommends = loaded.model
    lead = leading(asked, model, serving)
    context = Context(list(asked.product_ids), [], lead.reason, lead.known)
    if asked.latest_of is not None:
        context = _context(asked.latest_of, serving.online)
    unwanted = [*wanted.exclude, *context.past]

    def rank(count: int) -> list[RankedProduct]:
        if not context.recent and asked.lead is None:
            return model.first(count, unwanted)
        return lead.before(model.recommend(context.recent, count, unwanted, context.past), count)

    ranked = arranged(rank, wanted, serving.products)
    reason = context.fallback or _why_popular(asked, ranked)
    if wanted.is_filtered and serving.products.is_away:
        reason = "online_store_unavailable"
    page = with_newcomer(ranked[wanted.offset :], asked, [*context.recent, *context.past], serving)
    name = ModelName(name=loaded.version.name, version=loaded.version.version)
    return _answer(asked, name, page, reason, context.known)


def _context(visitor_id: str, online: OnlineReader) -> Context:
    try:
        seen = online.last_seen(visitor_id)
    except OnlineStoreUnavailableError:
        return Context([], [], "online_store_unavailable", None)
    if seen.age is None:
        return Context([], [], "unknown_visitor", Known.of(Presence.MISSING, None))
    recent = seen.last_session or seen.all_sessions
    past = [product_id for product_id in seen.all_sessions if product_id not in recent]
    return Context(recent, past, None if recent else "no_recent_products", Known.of(Presence.PRESENT, seen.age))


def _why_popular(asked: Asked, ranked: list[RankedProduct]) -> Fallback | None:
    """Return why nothing of a list comes from what was given, None where something does."""
    if any(product.source not in _OF_NOBODY for product in ranked):
        return None
    return "nothing_matches" if not ranked and asked.wanted.is_filtered else "unknown_products"


def _answer(
    asked: Asked,
    model: ModelName | None,
    page: list[RankedProduct],
    fallback: Fallback | None,
    known: Known | None,
) -> RecommendationsAnswer:
    return RecommendationsAnswer(
        request_id=asked.request_id,
        placement=asked.placement,
        visitor_id=asked.visitor_id,
        source=_source(asked, page),
        fallback=fallback,
        model=model,
        variant=asked.variant,
        known=known,
        items=[RecommendedProduct(**vars(product)) for product in page],
        offset=asked.wanted.offset,
        next_offset=_next_offset(asked, page),
    )


def _next_offset(asked: Asked, page: list[RankedProduct]) -> int | None:
    """Return where the ranking goes on; a newcomer is no part of it."""
    if len(page) < asked.wanted.limit:
        return None
    after = asked.wanted.offset + sum(product.source != NEWCOMER for product in page)
    return after if after <= MAX_OFFSET else None


def _source(asked: Asked, page: list[RankedProduct]) -> ListSource:
    sources = {product.source for product in page}
    informed = sources - _OF_NOBODY
    if asked.lead and informed == {asked.lead}:
        return asked.lead
    if informed:
        return "model"
    of_nobody: ListSource = "catalogue" if CATALOGUE in sources else "popularity"
    return of_nobody if page else "empty"
