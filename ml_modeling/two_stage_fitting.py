"""Fitting of the recommender that is served, from sessions and from what the shop says of its products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from contracts.errors import NotReadyError
from ml_modeling.recommending.catalogue import Catalogue, catalogue_if_any
from ml_modeling.recommending.customer_factors import Factorize, customer_factors
from ml_modeling.recommending.first_products import FIRST_LISTED, first_products
from ml_modeling.recommending.past import NOTHING
from ml_modeling.recommending.product_facts import ProductFacts
from ml_modeling.recommending.product_statistics import STATISTICS
from ml_modeling.recommending.ranker import Ranker
from ml_modeling.recommending.retrieval import Retrieval
from ml_modeling.recommending.session_embedding import taught, untrained
from ml_modeling.recommending.sessions import Sessions
from ml_modeling.recommending.shop_retrieval import ShopRetrieval, fit_retrieval
from ml_modeling.recommending.two_stage import TwoStage
from ml_modeling.two_stage_recommender import TwoStageRecommender

_NOTHING_SAID: Mapping[str, ProductFacts] = MappingProxyType({})
_UNKNOWN = ProductFacts("")
_RECENT_SIGHTINGS = STATISTICS.index("log_recent_sightings")


def fit_two_stage(
    baskets: Sequence[Sequence[str]],
    visitors: NDArray[np.int64] | None = None,
    facts: Mapping[str, ProductFacts] = _NOTHING_SAID,
    factorize: Factorize = customer_factors,
) -> tuple[TwoStageRecommender, str]:
    """Fit on sessions in order of time, repeats kept; the text says why there is no ranking, and is empty with one.

    ``visitors`` (one a session) are codes of who came; ``facts`` are by product id: what is sold is recommended also
    where nobody has seen it. Where the sessions are too few to learn a ranking from, the blend of the sources orders
    the products. ``factorize`` learns what known visitors like.
    """
    seen = {product_id for basket in baskets for product_id in basket}
    product_ids = sorted(seen | {product_id for product_id, each in facts.items() if each.is_sold})
    codes = {product_id: code for code, product_id in enumerate(product_ids)}
    coded = [[codes[product_id] for product_id in basket] for basket in baskets]
    sessions = Sessions.of(coded, len(product_ids), visitors)
    catalogue = catalogue_if_any([facts.get(product_id, _UNKNOWN) for product_id in product_ids])
    retrieval, ranker, why_unranked = _fitted(sessions, catalogue, factorize)
    first = _first_products(product_ids, facts, retrieval)
    return TwoStageRecommender(product_ids, retrieval, ranker, first), why_unranked


def _fitted(
    sessions: Sessions, catalogue: Catalogue | None, factorize: Factorize
) -> tuple[Retrieval, Ranker | None, str]:
    try:
        stages = TwoStage.fit(sessions, catalogue=catalogue, factorize=factorize)
    except NotReadyError as error:
        embedding = taught(untrained(sessions.product_count), sessions)
        return fit_retrieval(sessions, embedding, catalogue, factorize), None, str(error)
    return stages.retrieval, stages.ranker, ""


def _first_products(
    product_ids: Sequence[str], facts: Mapping[str, ProductFacts], retrieval: Retrieval
) -> NDArray[np.int32]:
    """Return what is shown where nothing is known of a visitor: nothing but popularity where there is no catalogue."""
    if not isinstance(retrieval, ShopRetrieval):
        return NOTHING
    is_sold = np.array([facts.get(product_id, _UNKNOWN).is_sold for product_id in product_ids])
    popularity = np.expm1(retrieval.statistics[:, _RECENT_SIGHTINGS].astype(np.float64))
    return first_products(retrieval.catalogue, is_sold, FIRST_LISTED, popularity).astype(np.int32)
