"""One list of recommendations: context, what leads, model, the shop's rules, fallback."""

from __future__ import annotations

from typing import NamedTuple

from contracts.errors import OnlineStoreUnavailableError
from feature_store.live.reader import Presence
from ml_modeling.recommender import POPULARITY, RankedProduct
from model_serving.answers import Fallback, Known, ListSource, ModelName, RecommendationsAnswer, RecommendedProduct
from model_serving.arranging import arranged
from model_serving.asked import Asked
from model_serving.leading import leading
from model_serving.list_query import MAX_OFFSET
from model_serving.model_store import LoadedModel
from model_serving.online_reader import OnlineReader
from model_serving.serving import Serving


class Context(NamedTuple):
    """What was seen, latest first: in the last session, and before it; why that is nothing; what Redis had."""

    recent: list[str]
    past: list[str]
    fallback: Fallback | None
    known: Known | None


def recommend(asked: Asked, loaded: LoadedModel | None, serving: Serving) -> RecommendationsAnswer:
    """Answer always: from the model, else from its popularity, else with an empty list; and say which."""
    if loaded is None:
        return _answer(asked, None, [], "no_model", None)
    wanted, lead = asked.wanted, leading(asked, loaded.model, serving)
    context = Context(list(asked.product_ids), [], lead.reason, lead.known)
    if asked.latest_of is not None:
        context = _context(asked.latest_of, serving.online)
    unwanted = [*wanted.exclude, *context.past]
    ranked = arranged(
        lambda count: lead.before(loaded.model.recommend(context.recent, count, unwanted, context.past), count),
        wanted,
        serving.products,
    )
    reason = context.fallback or _why_popular(asked, ranked)
    if wanted.is_filtered and serving.products.is_away:
        reason = "online_store_unavailable"
    model = ModelName(name=loaded.version.name, version=loaded.version.version)
    return _answer(asked, model, ranked, reason, context.known)


def _context(visitor_id: str, online: OnlineReader) -> Context:
    try:
        live = online.read(visitor_id).live
    except OnlineStoreUnavailableError:
        return Context([], [], "online_store_unavailable", None)
    known = Known.of(live.life)
    if live.life.presence is not Presence.PRESENT:
        return Context([], [], "unknown_visitor", known)
    seen = live.life.values["recent_product_ids"]
    recent = live.last_products or seen
    past = [product_id for product_id in seen if product_id not in recent]
    return Context(recent, past, None if seen else "no_recent_products", known)


def _why_popular(asked: Asked, ranked: list[RankedProduct]) -> Fallback | None:
    """Return why nothing of a list comes from what was given, None where something does."""
    if any(product.source != POPULARITY for product in ranked):
        return None
    return "nothing_matches" if not ranked and asked.wanted.is_filtered else "unknown_products"


def _answer(
    asked: Asked,
    model: ModelName | None,
    ranked: list[RankedProduct],
    fallback: Fallback | None,
    known: Known | None,
) -> RecommendationsAnswer:
    offset, end = asked.wanted.offset, asked.wanted.end
    items = [RecommendedProduct(**vars(product)) for product in ranked[offset:]]
    return RecommendationsAnswer(
        request_id=asked.request_id,
        placement=asked.placement,
        visitor_id=asked.visitor_id,
        source=_source(asked, items),
        fallback=fallback,
        model=model,
        variant=None,
        known=known,
        items=items,
        offset=offset,
        next_offset=end if len(ranked) == end <= MAX_OFFSET else None,
    )


def _source(asked: Asked, items: list[RecommendedProduct]) -> ListSource:
    sources = {item.source for item in items} - {POPULARITY}
    if asked.lead and sources == {asked.lead}:
        return asked.lead
    return "model" if sources else "popularity" if items else "empty"
