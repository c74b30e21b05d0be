"""``TwoStageRecommender.recommend`` for many customers at once: retrieval one by one, ranking of many in one call.

Nearly all of it is compiled code and LightGBM, which run without Python's lock.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml_modeling.customer_lists import Histories, empty_lists
from ml_modeling.list_filling import Closed, CustomerLists, Each, Popular, Ranked, contexts_of, fill_by_rank
from ml_modeling.recommender import POPULARITY
from ml_modeling.recommending.candidate_features import FEATURES, Candidates
from ml_modeling.recommending.context import MAX_DISTINCT
from ml_modeling.recommending.item_sources import SOURCES, source_places_of
from ml_modeling.recommending.product_statistics import STATISTICS
from ml_modeling.two_stage_recommender import TwoStageRecommender

# LightGBM ranks the candidates of so many customers at once: 20,000 rows, 5 MB.
_RANKED_AT_ONCE = 200
_NO_CANDIDATES = Candidates(np.empty(0, np.int32), np.empty((0, len(FEATURES)), np.float32))
_RECENT_SIGHTINGS = STATISTICS.index("log_recent_sightings")


class TwoStageLists:
    """A ``ListModel``: each customer's context are the ``MAX_DISTINCT`` products that they saw last."""

    sources = SOURCES

    def __init__(self, model: TwoStageRecommender) -> None:
        self._model = model
        sightings = np.expm1(model.retrieval.statistics[:, _RECENT_SIGHTINGS])
        self._popular = Popular(model.retrieval.popular, sightings, SOURCES.index(POPULARITY))

    @property
    def product_ids(self) -> Sequence[str]:
        """Every product the model knows, sorted."""
        return self._model.product_ids

    def lists(self, histories: Histories, is_barred: NDArray[np.bool_], limit: int) -> CustomerLists:
        """Return for each customer what ``recommend`` gives for the context, without what is barred or bought."""
        contexts = contexts_of(histories.seen, MAX_DISTINCT)
        lists = empty_lists(len(contexts.offsets) - 1, limit)
        closed = Closed(is_barred, contexts, histories.bought)
        fill_by_rank(self._ranked(contexts), closed, self._popular, lists)
        return lists

    def _ranked(self, contexts: Each) -> Ranked:
        sessions = [each[::-1].copy() for each in np.split(contexts.products, contexts.offsets[1:-1])]
        parts = [
            self._ranked_together(sessions[first : first + _RANKED_AT_ONCE])
            for first in range(0, len(sessions), _RANKED_AT_ONCE)
        ]
        products, counts, scores, sources = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Ranked(products, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), scores, sources)

    def _ranked_together(self, sessions: Sequence[NDArray[np.int32]]) -> tuple[NDArray[np.generic], ...]:
        """Return the candidates of all the sessions, best first; how many each has; their scores and sources."""
        retrieval = self._model.retrieval
        found = [retrieval.candidates(session) if len(session) else _NO_CANDIDATES for session in sessions]
        products, features = (np.concatenate([getattr(each, name) for each in found]) for name in Candidates._fields)
        counts = np.array([len(each.products) for each in found])
        scores = self._scores(features, counts)
        best_first = np.lexsort((-scores, np.repeat(np.arange(len(found)), counts)))
        return products[best_first], counts, scores[best_first], source_places_of(features)[best_first]

    def _scores(self, features: NDArray[np.float32], counts: NDArray[np.int64]) -> NDArray[np.float64]:
        if self._model.ranker is None:
            return np.concatenate([1 / np.arange(1.0, count + 1) for count in counts])
        return np.exp(self._model.ranker.scores(features)) if len(features) else np.empty(0)
