"""All sources together: from a session to candidates with features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.candidate_features import (
    COLUMNS,
    FIRST_COLUMN,
    Candidates,
    chosen_candidates,
    features_of,
)
from ml_modeling.recommending.context import Context, context_of
from ml_modeling.recommending.gathering import Gathered, gather_lists, nothing_gathered
from ml_modeling.recommending.neighbour_lists import NEXT, co_visitation, two_steps
from ml_modeling.recommending.packed_lists import PackedLists, packed
from ml_modeling.recommending.past import NOTHING
from ml_modeling.recommending.product_statistics import product_statistics
from ml_modeling.recommending.session_embedding import SessionEmbedding, scores
from ml_modeling.recommending.session_knn import SessionIndex, gather_neighbours, session_index
from ml_modeling.recommending.sessions import Sessions

CANDIDATES = 100


@dataclass(frozen=True)
class Retrieval:
    """What was learned from past sessions, n products. ``popular`` (n): by recent sightings, then by all."""

    near: PackedLists
    walk: PackedLists
    following: PackedLists
    index: SessionIndex
    embedding: SessionEmbedding
    statistics: NDArray[np.float32]
    popular: NDArray[np.int32]

    @classmethod
    def fit(cls, sessions: Sessions, embedding: SessionEmbedding) -> Retrieval:
        """Learn from past sessions, the same that ``embedding`` was taught."""
        near, statistics = co_visitation(sessions), product_statistics(sessions)
        popular = np.lexsort((-statistics[:, 0], -statistics[:, 1])).astype(np.int32)
        lists = packed(near), packed(two_steps(near)), packed(co_visitation(sessions, NEXT))
        return cls(*lists, session_index(sessions), embedding, statistics, popular)

    def candidates(
        self, session: NDArray[np.int32], count: int = CANDIDATES, past: NDArray[np.int32] = NOTHING
    ) -> Candidates:
        """Return what is worth ranking for a session that saw these products, in order; it holds at least one.

        ``past``: what its visitor saw in earlier sessions, oldest first.
        """
        context = context_of(session, past)
        gathered = nothing_gathered(len(self.popular), len(COLUMNS))
        self.gather(context, gathered)
        found = scores(self.embedding, session, gathered.products)
        chosen = chosen_candidates(context, gathered, found[:, 0], self.popular, count)
        embedded = scores(self.embedding, session, chosen)
        return Candidates(chosen, self.features(context, gathered, chosen, embedded))

    def gather(self, context: Context, gathered: Gathered) -> None:
        """Let every source write what it finds."""
        gather_lists(context, self.near, gathered, FIRST_COLUMN["near"])
        gather_lists(context, self.walk, gathered, FIRST_COLUMN["walk"])
        gather_lists(context, self.following, gathered, FIRST_COLUMN["next"])
        gather_neighbours(context, self.index, gathered, FIRST_COLUMN["knn"])

    def features(
        self, context: Context, gathered: Gathered, candidates: NDArray[np.int32], embedded: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return the ``FEATURES`` of the candidates (k × len(FEATURES)), zeros for what is not known here."""
        return features_of(context, gathered, candidates, embedded, self.statistics)
