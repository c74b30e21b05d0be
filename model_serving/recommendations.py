"""One list of recommendations: context, what leads, model, the shop's rules, fallback."""

from __future__ import annotations

from typing import NamedTuple

from contracts.errors import OnlineStoreUnavailableError
from feature_store.live.reader import Presence
from ml_modeling.recommender import CATALOGUE, NEWCOMER, POPULARITY, RankedProduct, Recommends
from model_serving.answers import Fallback, Known, ListSource, ModelName, RecommendationsAnswer, RecommendedProduct
from model_serving.arranging import arranged
from model_serving.asked import Asked
from model_serving.leading import Leading, leading
from model_serving.list_query import MAX_OFFSET
from model_serving.model_source import ModelVersion
from model_serving.model_store import LoadedModel
from model_serving.newcomer_place import with_newcomer
from model_serving.online_reader import OnlineReader
from model_serving.product_facts import KnownProducts
from model_serving.ranking import Basis, Context, NotedFacts, Ranking
from model_serving.serving import Serving

# The sources of products that nothing known of the visitor speaks for.
_OF_NOBODY = {POPULARITY, CATALOGUE, NEWCOMER}


class Made(NamedTuple):
    """An answer, and what it was made from: the context, and a ranking where there was a model."""

    asked: Asked
    answer: RecommendationsAnswer
    context: Context
    ranking: Ranking | None


def recommend(asked: Asked, loaded: LoadedModel | None, serving: Serving) -> Made:
    """Answer always: from the model, else from catalogue or popularity, else with an empty list; and say which."""
    wanted = asked.wanted
    if loaded is None:
        unwanted = [*wanted.exclude, *asked.product_ids]
        ranked = arranged(lambda count: serving.window.first(count, unwanted), wanted, serving.products)
        answer = answer_of(asked, None, ranked[wanted.offset :], "no_model", None)
        return Made(asked, answer, Context([], [], "no_model", None), None)
    model: Recommends = loaded.model
    lead = leading(asked, model, serving)
    context = Context(list(asked.product_ids), [], lead.reason, lead.known)
    if asked.latest_of is not None:
        context = _context(asked.latest_of, serving.online)
    basis = Basis(loaded.version, asked, context, lead.products)
    ranking = serving.rankings.of(basis, lambda: _ranking(model, basis, lead, serving.products))
    page = with_newcomer(ranking.page, asked, context.seen, serving)
    answer = answer_of(asked, loaded.version, page, ranking.reason, context.known)
    return Made(asked, answer, context, ranking)


def _ranking(model: Recommends, basis: Basis, lead: Leading, products: KnownProducts) -> Ranking:
    asked, context, wanted, noted = basis.asked, basis.context, basis.asked.wanted, NotedFacts(products)
    unwanted = [*wanted.exclude, *context.past]

    def rank(count: int) -> list[RankedProduct]:
        if not context.recent and asked.lead is None:
            return model.first(count, unwanted)
        return lead.before(model.recommend(context.recent, count, unwanted, context.past), count)

    ranked = arranged(rank, wanted, noted)
    reason = context.fallback or _why_popular(asked, ranked)
    if wanted.is_filtered and products.is_away:
        reason = "online_store_unavailable"
    return Ranking(ranked[wanted.offset :], reason, noted.noted)


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


def answer_of(
    asked: Asked,
    model: ModelVersion | None,
    page: list[RankedProduct],
    fallback: Fallback | None,
    known: Known | None,
) -> RecommendationsAnswer:
    """Return the answer that shows a page."""
    return RecommendationsAnswer(
        request_id=asked.request_id,
        placement=asked.placement,
        visitor_id=asked.visitor_id,
        source=_source(asked, page),
        fallback=fallback,
        model=None if model is None else ModelName(name=model.name, version=model.version),
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
