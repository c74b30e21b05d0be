"""Why the recommender puts products of one list where they are: who spoke for each, and by which features.

The Shapley values are exact ones of the ranking's trees (TreeSHAP, Lundberg et al. 2020), as LightGBM computes them.
What a feature adds to all candidates alike orders nothing: it is part of the base.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_modeling.contributions import Contributions, contributions_of
from ml_modeling.recommending.candidate_features import FEATURES
from ml_modeling.recommending.context import MAX_DISTINCT
from ml_modeling.recommending.item_sources import source_shares
from ml_modeling.recommending.ranker import Ranker
from ml_modeling.two_stage_recommender import TwoStageRecommender


@dataclass(frozen=True)
class RankingReasons:
    """Of one product: the sources that found it, and what its features add to the mean ln(score) of the candidates.

    ``sources``: what each says of it against what it says of its best (0 to 1), largest first. ``contributions`` is
    ``None`` where there is no ranking by trees.
    """

    sources: Mapping[str, float]
    contributions: Contributions | None


def ranking_reasons(
    model: TwoStageRecommender, recent: Sequence[str], past: Sequence[str], product_ids: Collection[str]
) -> dict[str, RankingReasons]:
    """Return the reasons of those products that are candidates for who saw ``recent`` and, before, ``past``.

    Both are latest first, as ``TwoStageRecommender.recommend`` takes them.
    """
    session = model.known(recent[:MAX_DISTINCT])
    if not len(session):
        return {}
    candidates = model.retrieval.candidates(session, past=model.known(past))
    ids = [model.product_ids[code] for code in candidates.products.tolist()]
    wanted = [place for place, product_id in enumerate(ids) if product_id in product_ids]
    found = zip(
        wanted,
        source_shares(candidates.features[wanted]),
        _contributions(model.ranker, candidates.features, wanted),
        strict=True,
    )
    return {ids[place]: RankingReasons(shares, contributions) for place, shares, contributions in found}


def _contributions(
    ranker: Ranker | None, features: NDArray[np.float32], wanted: Sequence[int]
) -> Sequence[Contributions | None]:
    if ranker is None:
        return [None] * len(wanted)
    values = ranker.contributions(features)
    base, apart = float(ranker.scores(features).mean()), values - values.mean(axis=0)
    return [contributions_of(base, FEATURES, features[place], apart[place]) for place in wanted]
