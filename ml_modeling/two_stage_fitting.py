"""Fitting of the recommender that is served, from sessions and from what the shop says of its products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from contracts.errors import NotReadyError
from ml_modeling.recommending.catalogue import Catalogue, ProductFacts, catalogue_of
from ml_modeling.recommending.session_embedding import taught, untrained
from ml_modeling.recommending.sessions import Sessions
from ml_modeling.recommending.shop_retrieval import fit_retrieval
from ml_modeling.recommending.two_stage import TwoStage
from ml_modeling.two_stage_recommender import TwoStageRecommender

_NOTHING_SAID: Mapping[str, ProductFacts] = MappingProxyType({})
_UNKNOWN = ProductFacts("")


def fit_two_stage(
    baskets: Sequence[Sequence[str]],
    visitors: NDArray[np.int64] | None = None,
    facts: Mapping[str, ProductFacts] = _NOTHING_SAID,
) -> tuple[TwoStageRecommender, str]:
    """Fit on sessions in order of time, repeats kept; the text says why there is no ranking, and is empty with one.

    ``visitors`` (one a session) are codes of who came; ``facts`` are by product id: what is sold is recommended also
    where nobody has seen it. Where the sessions are too few to learn a ranking from, the blend of the sources orders
    the products.
    """
    seen = {product_id for basket in baskets for product_id in basket}
    product_ids = sorted(seen | {product_id for product_id, each in facts.items() if each.is_sold})
    codes = {product_id: code for code, product_id in enumerate(product_ids)}
    coded = [[codes[product_id] for product_id in basket] for basket in baskets]
    sessions = Sessions.of(coded, len(product_ids), visitors)
    catalogue = _catalogue(product_ids, facts)
    try:
        stages = TwoStage.fit(sessions, catalogue=catalogue)
    except NotReadyError as error:
        embedding = taught(untrained(sessions.product_count), sessions)
        return TwoStageRecommender(product_ids, fit_retrieval(sessions, embedding, catalogue), None), str(error)
    return TwoStageRecommender(product_ids, stages.retrieval, stages.ranker), ""


def _catalogue(product_ids: Sequence[str], facts: Mapping[str, ProductFacts]) -> Catalogue | None:
    """Return what is said of these products; ``None`` where it is not a word."""
    try:
        return catalogue_of([facts.get(product_id, _UNKNOWN) for product_id in product_ids])
    except NotReadyError:
        return None
