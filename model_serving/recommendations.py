"""Recommendations for one visitor: context, model, fallback."""

from __future__ import annotations

from uuid import uuid4

from contracts.errors import OnlineStoreUnavailableError
from ml_modeling.recommender import MODEL, RankedProduct
from model_serving.answers import Fallback, ModelName, RecommendationsAnswer, RecommendedProduct
from model_serving.model_store import LoadedModel
from model_serving.online_reader import OnlineReader
from model_serving.requests import RecommendationsQuery

# What was seen last, latest first, and why nothing is known where it is empty.
Context = tuple[list[str], Fallback | None]


def recommend(
    visitor_id: str, query: RecommendationsQuery, loaded: LoadedModel | None, online: OnlineReader
) -> RecommendationsAnswer:
    """Answer always: from the model, else from its popularity, else with an empty list; and say which."""
    if loaded is None:
        return _answer(visitor_id, None, [], "no_model")
    recent, reason = (query.product_id, None) if query.product_id else _context(visitor_id, online)
    ranked = loaded.model.recommend(recent, query.limit, query.exclude)
    knows_context = any(product.source == MODEL for product in ranked)
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
    sources = {product.source for product in ranked}
    return RecommendationsAnswer(
        request_id=uuid4().hex,
        visitor_id=visitor_id,
        source="model" if MODEL in sources else "popularity" if ranked else "empty",
        fallback=fallback,
        model=model,
        items=[RecommendedProduct(**vars(product)) for product in ranked],
    )
