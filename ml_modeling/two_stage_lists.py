"""The recommender in two stages for many customers at once: retrieval one by one, ranking of many in one call.

Nearly all of it is compiled code and LightGBM, which run without Python's lock.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml_modeling.customer_lists import Histories, empty_lists
from ml_modeling.list_filling import Closed, CustomerLists, Each, Popular, Ranked, contexts_of, fill_by_rank
from ml_modeling.recommender import MODEL, POPULARITY
from ml_modeling.recommending.candidate_features import FEATURES, Candidates
from ml_modeling.recommending.context import MAX_DISTINCT
from ml_modeling.recommending.product_statistics import STATISTICS
from ml_modeling.recommending.ranker import Ranker
from ml_modeling.recommending.retrieval import Retrieval

# LightGBM ranks the candidates of so many customers at once: 20,000 rows, 5 MB.
_RANKED_AT_ONCE = 200
_NO_CANDIDATES = Candidates(np.empty(0, np.int32), np.empty((0, len(FEATURES)), np.float32))
_RECENT_SIGHTINGS = STATISTICS.index("log_recent_sightings")


class TwoStageLists:
    """A ``ListModel`` over ``product_ids``, by code: what a visitor gets who saw what the customer saw last."""

    sources = (MODEL, POPULARITY)

    def __init__(self, product_ids: Sequence[str], retrieval: Retrieval, ranker: Ranker) -> None:
        self._product_ids = product_ids
        self._retrieval = retrieval
        self._ranker = ranker
        sightings = np.expm1(retrieval.statistics[:, _RECENT_SIGHTINGS])
        self._popular = Popular(retrieval.popular, sightings, self.sources.index(POPULARITY))

    @property
    def product_ids(self) -> Sequence[str]:
        """Every product the model knows."""
        return self._product_ids

    def lists(self, histories: Histories, is_barred: NDArray[np.bool_], limit: int) -> CustomerLists:
        """Return the best candidates of each customer, then popular products, without what is barred, seen or bought.

        A score is e to LightGBM's; one of popularity the sightings in the newest sessions.
        """
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
        products, counts, scores = (np.concatenate(part) for part in zip(*parts, strict=True))
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return Ranked(products, offsets, scores, np.zeros(len(products), np.int8))

    def _ranked_together(
        self, sessions: Sequence[NDArray[np.int32]]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64]]:
        """Return the candidates of all the sessions, best first, how many each has, and their scores."""
        found = [self._retrieval.candidates(session) if len(session) else _NO_CANDIDATES for session in sessions]
        products, features = (np.concatenate([getattr(each, name) for each in found]) for name in Candidates._fields)
        counts = np.array([len(each.products) for each in found])
        scores = np.exp(self._ranker.scores(features)) if len(features) else np.empty(0)
        best_first = np.lexsort((-scores, np.repeat(np.arange(len(found)), counts)))
        return products[best_first], counts, scores[best_first]
