"""What the ranking learns from: later sessions, seen with what was known before them.

The last part of the sessions is cut into folds. The candidates and features of a fold's sessions come from a retrieval
that was fitted on the sessions before the fold only, as those of a request come from a model trained before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.candidate_features import FEATURES, Candidates
from ml_modeling.recommending.catalogue import Catalogue
from ml_modeling.recommending.customer_factors import Factorize, customer_factors
from ml_modeling.recommending.retrieval import Retrieval
from ml_modeling.recommending.session_embedding import SessionEmbedding, taught, untrained
from ml_modeling.recommending.sessions import Sessions
from ml_modeling.recommending.shop_retrieval import fit_retrieval

FOLDS = 5
FOLD_SHARE = 0.04
# Of a hundred candidates, the wrong ones that are kept: more teach little more, and cost time.
WRONG_KEPT = 40
_SEED = 7


@dataclass(frozen=True)
class RankingRows:
    """One row a candidate.

    ``features`` (n × len(FEATURES)), ``labels`` (n): 1 for what came next, ``groups`` (g): how many rows each case has,
    one after the other.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int8]
    groups: NDArray[np.int64]


def ranking_rows(
    sessions: Sessions,
    shortest: int = 1,
    catalogue: Catalogue | None = None,
    factorize: Factorize = customer_factors,
) -> tuple[RankingRows, SessionEmbedding]:
    """Return the rows of the last ``FOLDS`` folds, and the embedding, which has then learned from all sessions.

    A case is what came next after ``shortest`` products or more of a session.
    """
    bounds = [round(len(sessions) * (1 - FOLD_SHARE * fold)) for fold in range(FOLDS, -1, -1)]
    embedding = taught(untrained(sessions.product_count), sessions.between(0, bounds[0]))
    parts = []
    for first, last in pairwise(bounds):
        fold = sessions.between(first, last)
        retrieval = fit_retrieval(sessions.between(0, first), embedding, catalogue, factorize)
        parts.append(rows_of_fold(retrieval, fold, shortest))
        embedding = taught(embedding, fold)
    features, labels, groups = ([getattr(part, name) for part in parts] for name in ("features", "labels", "groups"))
    return RankingRows(np.concatenate(features), np.concatenate(labels), np.concatenate(groups)), embedding


def rows_of_fold(retrieval: Retrieval, fold: Sessions, shortest: int) -> RankingRows:
    """Return the rows of cases whose next product is a candidate: the others teach nothing."""
    rng = np.random.default_rng(_SEED)
    features, labels, groups = [], [], []
    for which in range(len(fold)):
        session = fold[which]
        for length in range(shortest, len(session)):
            candidates = retrieval.candidates(session[:length], past=fold.seen_before(which))
            kept = _kept(candidates, session[length], rng)
            if len(kept) > 1:
                features.append(candidates.features[kept])
                labels.append(candidates.products[kept] == session[length])
                groups.append(len(kept))
    if not groups:
        return RankingRows(np.empty((0, len(FEATURES)), np.float32), np.empty(0, np.int8), np.empty(0, np.int64))
    return RankingRows(np.concatenate(features), np.concatenate(labels).astype(np.int8), np.array(groups))


def _kept(candidates: Candidates, right: np.int32, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the right candidate and some wrong ones; nothing where the right one is not there."""
    found = np.flatnonzero(candidates.products == right)
    if not len(found):
        return found
    wrong = rng.permutation(np.delete(np.arange(len(candidates.products)), found[0]))[:WRONG_KEPT]
    return np.append(found, wrong)
