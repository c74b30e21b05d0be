"""Fitting of the plain recommender, co-visitation alone, and of the popularity it fills up with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ml_modeling.co_visitation import Visits, co_visitation, sessions_with_product
from ml_modeling.recommender import Recommender, RecommenderArrays

_NEIGHBOURS = 50
_HALF_LIFE_DAYS = 7.0


def fit(starts: NDArray[np.datetime64], baskets: Sequence[Sequence[str]]) -> Recommender:
    """Fit on sessions: ``baskets[k]`` are the products of the session that began at ``starts[k]``, in order."""
    product_ids, products = np.unique(np.concatenate([np.asarray(basket) for basket in baskets]), return_inverse=True)
    sessions = np.repeat(np.arange(len(baskets)), [len(basket) for basket in baskets])
    visits = Visits(sessions, products.astype(np.int64), len(product_ids))
    popularity = sessions_with_product(visits, _recency(starts)).astype(np.float32)
    indptr, neighbours, scores = _best_neighbours(co_visitation(visits), _NEIGHBOURS)
    popular = np.lexsort((np.arange(len(product_ids)), -popularity)).astype(np.int32)
    return Recommender(RecommenderArrays(product_ids, indptr, neighbours, scores, popularity, popular))


def _recency(starts: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return a weight per session: 1 for the newest, half of that for each ``_HALF_LIFE_DAYS`` of age."""
    age_days = (starts.max() - starts) / np.timedelta64(1, "D")
    weights: NDArray[np.float64] = 0.5 ** (age_days / _HALF_LIFE_DAYS)
    return weights


def _best_neighbours(
    matrix: sparse.csr_array, count: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Return the ``count`` best of each row as CSR arrays, best first, equal ones by product."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    scores = matrix.data.astype(np.float32)
    order = np.lexsort((matrix.indices, -scores, rows))
    place_in_row = np.arange(len(rows)) - matrix.indptr[rows]
    kept = order[place_in_row < count]
    lengths = np.minimum(np.diff(matrix.indptr), count)
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return indptr, matrix.indices[kept].astype(np.int32), scores[kept]
