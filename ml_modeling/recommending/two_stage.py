"""Retrieval and ranking as one model of codes: what comes next in a session."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contracts.errors import NotReadyError
from ml_modeling.recommending.catalogue import Catalogue
from ml_modeling.recommending.customer_factors import Factorize, customer_factors
from ml_modeling.recommending.past import NOTHING
from ml_modeling.recommending.ranker import Ranker
from ml_modeling.recommending.ranking_rows import FOLD_SHARE, FOLDS, ranking_rows
from ml_modeling.recommending.retrieval import Retrieval
from ml_modeling.recommending.sessions import Sessions
from ml_modeling.recommending.shop_retrieval import fit_retrieval

# Below it a fold, 4 % of the sessions, would be one or two.
MIN_SESSIONS = 50


@dataclass(frozen=True)
class TwoStage:
    """Immutable: safe to share between threads."""

    retrieval: Retrieval
    ranker: Ranker

    @classmethod
    def fit(
        cls,
        sessions: Sessions,
        shortest: int = 1,
        catalogue: Catalogue | None = None,
        factorize: Factorize = customer_factors,
    ) -> TwoStage:
        """Learn the ranking from the last sessions, then the retrieval anew from all of them.

        ``shortest``: the fewest products of a session that a case is made of. ``catalogue``: what the shop says of the
        sessions' products; with it, content, categories and the visitors' past speak too. Raises ``NotReadyError``
        where there are fewer than ``MIN_SESSIONS``, or nothing to learn a ranking from.
        """
        if len(sessions) < MIN_SESSIONS:
            msg = f"{len(sessions)} sessions: a ranking needs at least {MIN_SESSIONS}"
            raise NotReadyError(msg)
        rows, embedding = ranking_rows(sessions, shortest, catalogue, factorize)
        if not len(rows.groups):
            msg = f"no session of the newest {FOLDS * FOLD_SHARE:.0%} goes on after {shortest} products: expected some"
            raise NotReadyError(msg)
        return cls(fit_retrieval(sessions, embedding, catalogue, factorize), Ranker.fit(rows))

    def next_products(
        self, session: NDArray[np.int32], limit: int, past: NDArray[np.int32] = NOTHING
    ) -> NDArray[np.int32]:
        """Return what comes next, best first, for a session that saw these products, in order: at least one.

        ``past``: what its visitor saw in earlier sessions, oldest first.
        """
        candidates = self.retrieval.candidates(session, past=past)
        order = np.argsort(-self.ranker.scores(candidates.features), kind="stable")[:limit]
        return candidates.products[order]
