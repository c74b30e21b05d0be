"""Recommendations for one visitor: context, model, the shop's rules, fallback."""

from __future__ import annotations

from uuid import uuid4

from contracts.errors import OnlineStoreUnavailableError
from ml_modeling.recommender import POPULARITY, RankedProduct
from model_serving.answers import Fallback, ModelName, RecommendationsAnswer, RecommendedProduct
from model_serving.arranging import arranged
from model_serving.model_store import LoadedModel
from model_serving.online_reader import OnlineReader
from model_serving.product_facts import KnownProducts
from model_serving.requests import RecommendationsQuery

# What was seen last, latest first, and why nothing is known where it is empty.
Context = tuple[list[str], Fallback | None]


def recommend(
    visitor_id: str,
    query: RecommendationsQuery,
    loaded: LoadedModel | None,
    online: OnlineReader,
    products: KnownProducts,
) -> RecommendationsAnswer:
    """Answer always: from the model, else from its popularity, else with an empty list; and say which."""
    if loaded is None:
        return _answer(visitor_id, None, [], "no_model")
    recent, reason = (query.product_id, None) if query.product_id else _context(visitor_id, online)
    model = loaded.model
    ranked = arranged(
        lambda count: model.recommend(recent, count, query.exclude), query.limit, query.max_per_brand, products
    )
    knows_context = any(product.source != POPULARITY for product in ranked)
    fallback: Fallback | None = reason if reason or knows_context else "unknown_products"
    return _answer(visitor_id, ModelName(name=loaded.version.name, version=loaded.version.version), ranked, fallback)


def _context(visitor_id: str, online: OnlineReader) -> Context:
    try:
        (features,) = online.read("visitor_features", [visitor_id])
    except OnlineStoreUnavailableError:
        return [], "online_store_unavailable"
    if features is None:
        return [], "unknown_visitor"
    recent = list(features.get("recent_product_ids") or [])
    return recent, None if recent else "no_recent_products"


def _answer(
    visitor_id: str, model: ModelName | None, ranked: list[RankedProduct], fallback: Fallback | None
) -> RecommendationsAnswer:
    by_model = any(product.source != POPULARITY for product in ranked)
    return RecommendationsAnswer(
        request_id=uuid4().hex,
        visitor_id=visitor_id,
        source="model" if by_model else "popularity" if ranked else "empty",
        fallback=fallback,
        model=model,
        items=[RecommendedProduct(**vars(product)) for product in ranked],
    )
