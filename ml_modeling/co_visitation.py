"""Item-to-item co-visitation: which products are seen soon after one another.

Weights by distance after the sequential rules of Kamehkhosh, Jannach and Ludewig (2017, "A Comparison of
Frequent Pattern Techniques and a Deep Learning Method for Session-Based Recommendation"); the division by
popularity after Linden, Smith and York (2003, "Amazon.com Recommendations", cosine: there the exponent is 0.5 on
both products, and that of the product looked at does not change the order of its neighbours).

    score(i → j) = Σ over sessions of the largest w / n_j ** alpha
    w = 1 / d where j comes d steps after i, BACKWARD / d where it comes d steps before; d ≤ MAX_DISTANCE

n_j: sessions with j. Repeats of a product one after the other count as one step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

MAX_DISTANCE = 8
BACKWARD = 0.5
ALPHA = 0.2


@dataclass(frozen=True)
class Visits:
    """The products of sessions, flat: ``sessions[k]`` saw ``products[k]``, in order; both are codes from 0."""

    sessions: NDArray[np.int64]
    products: NDArray[np.int64]
    product_count: int

    def collapsed(self) -> Visits:
        """Return the visits without a product's repeats directly after itself."""
        repeated = (self.sessions[1:] == self.sessions[:-1]) & (self.products[1:] == self.products[:-1])
        kept = np.concatenate([[True], ~repeated]) if len(self.products) else np.zeros(0, dtype=bool)
        return Visits(self.sessions[kept], self.products[kept], self.product_count)


def co_visitation(visits: Visits) -> sparse.csr_array:
    """Return the score of every pair that occurs, as an n × n matrix: row i, column j is score(i → j)."""
    sessions, sources, targets, weights = _pairs(visits.collapsed())
    n = visits.product_count
    keys = (sessions * n + sources) * n + targets
    best = _first_of_each_key(keys, weights)
    totals = sparse.coo_array((weights[best], (sources[best], targets[best])), shape=(n, n)).tocsr()
    # A product without a session has no pair either: its factor is of no matter.
    popularity = np.maximum(sessions_with_product(visits), 1.0)
    scaled: sparse.csr_array = (totals @ sparse.diags_array(popularity**-ALPHA)).tocsr()
    return scaled


def sessions_with_product(visits: Visits, session_weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Return for each product the (weighted) number of sessions that saw it."""
    pairs = np.unique(visits.sessions * visits.product_count + visits.products)
    weights = None if session_weights is None else session_weights[pairs // visits.product_count]
    counts = np.bincount(pairs % visits.product_count, weights, visits.product_count)
    return counts.astype(np.float64)


def _pairs(visits: Visits) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return session, source, target and weight of every pair of different products within the distance."""
    parts = []
    for distance in range(1, MAX_DISTANCE + 1):
        earlier, later = visits.products[:-distance], visits.products[distance:]
        same_session = visits.sessions[:-distance] == visits.sessions[distance:]
        paired = same_session & (earlier != later)
        session, first, second = visits.sessions[:-distance][paired], earlier[paired], later[paired]
        parts.append((session, first, second, np.full(len(first), 1 / distance)))
        parts.append((session, second, first, np.full(len(first), BACKWARD / distance)))
    sessions, sources, targets, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
    return sessions, sources, targets, weights


def _first_of_each_key(keys: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the row of the largest weight of each key."""
    order = np.lexsort((-weights, keys))
    ordered = keys[order]
    is_first = np.concatenate([[True], ordered[1:] != ordered[:-1]]) if len(keys) else np.zeros(0, dtype=bool)
    rows: NDArray[np.int64] = order[is_first]
    return rows
