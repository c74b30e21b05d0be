"""Recommendations for one visitor: context, model, the shop's rules, fallback."""

from __future__ import annotations

from typing import NamedTuple
from uuid import uuid4

from contracts.errors import OnlineStoreUnavailableError
from feature_store.live.reader import Presence
from ml_modeling.recommender import POPULARITY, RankedProduct
from model_serving.answers import Fallback, Known, ModelName, RecommendationsAnswer, RecommendedProduct
from model_serving.arranging import arranged
from model_serving.model_store import LoadedModel
from model_serving.online_reader import OnlineReader
from model_serving.product_facts import KnownProducts
from model_serving.requests import RecommendationsQuery


class Context(NamedTuple):
    """What was seen, latest first: in the last session, and before it; why that is nothing; what Redis had."""

    recent: list[str]
    past: list[str]
    fallback: Fallback | None
    known: Known | None


def recommend(
    visitor_id: str,
    query: RecommendationsQuery,
    loaded: LoadedModel | None,
    online: OnlineReader,
    products: KnownProducts,
) -> RecommendationsAnswer:
    """Answer always: from the model, else from its popularity, else with an empty list; and say which."""
    if loaded is None:
        return _answer(visitor_id, None, [], "no_model", None)
    context = Context(query.product_id, [], None, None) if query.product_id else _context(visitor_id, online)
    unwanted = [*query.exclude, *context.past]
    ranked = arranged(
        lambda count: loaded.model.recommend(context.recent, count, unwanted, context.past),
        query.limit,
        query.max_per_brand,
        products,
    )
    knows_context = any(product.source != POPULARITY for product in ranked)
    fallback: Fallback | None = context.fallback if context.fallback or knows_context else "unknown_products"
    model = ModelName(name=loaded.version.name, version=loaded.version.version)
    return _answer(visitor_id, model, ranked, fallback, context.known)


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


def _answer(
    visitor_id: str,
    model: ModelName | None,
    ranked: list[RankedProduct],
    fallback: Fallback | None,
    known: Known | None,
) -> RecommendationsAnswer:
    by_model = any(product.source != POPULARITY for product in ranked)
    return RecommendationsAnswer(
        request_id=uuid4().hex,
        visitor_id=visitor_id,
        source="model" if by_model else "popularity" if ranked else "empty",
        fallback=fallback,
        model=model,
        known=known,
        items=[RecommendedProduct(**vars(product)) for product in ranked],
    )
