"""By which features a ranking orders the candidates of one list: exact SHAP values of its trees.

TreeSHAP of Lundberg et al. (2020, "From local explanations to global understanding with explainable AI for trees"), as
LightGBM computes it. What a feature adds to all candidates of a list alike orders nothing, so it is left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_modeling.next_products import NextProducts, sample
from ml_modeling.recommending.context import MAX_DISTINCT
from ml_modeling.two_stage_recommender import TwoStageRecommender

# Of 100 candidates each: about a second.
_CASES = 30


def mean_contributions(model: TwoStageRecommender, cases: NextProducts) -> NDArray[np.float64] | None:
    """Return for each of ``FEATURES`` the mean |SHAP − its mean in the list|, in LightGBM's score; of at most 30 lists.

    ``None`` where the model has no ranking, or knows none of what was seen in these cases.
    """
    if model.ranker is None:
        return None
    drawn = sample(list(zip(cases.seen, cases.past, strict=True)), _CASES)
    known = [(model.known(seen[:MAX_DISTINCT]), model.known(past)) for seen, past in drawn]
    lists = [model.retrieval.candidates(session, past=past).features for session, past in known if len(session)]
    if not lists:
        return None
    contributions = [model.ranker.contributions(features) for features in lists]
    apart = np.concatenate([each - each.mean(axis=0) for each in contributions])
    return np.asarray(np.abs(apart).mean(axis=0))
