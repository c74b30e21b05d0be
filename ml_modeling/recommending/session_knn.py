"""Session nearest neighbours: what those went on to see who saw the same.

VMIS-kNN after Kersbergen, Sprangers and Schelter (2022, "Serenade: Low-Latency Session-Based Recommendation in
e-Commerce at Scale"): of each product of the session only the ``RECENT`` newest sessions are looked at, found by an
inverted index, and of these the ``NEIGHBOURS`` most similar count. Position, recency and distance weights after Garg
et al. (2019, "Sequence and Time Aware Neighborhood for Session-based Recommendations: STAN"), with exponential
decay in place of Serenade's linear one:

    similarity(h) = recency(h) · Σ over products i in both of DECAY ** age(i) · sightings(i) ** -IDF
    score(j) = Σ over neighbours h of similarity(h) / (1 + SPREAD · (|d| - 1)),  d ≠ 0

where age(i) counts the session's distinct products after i, and j stands d steps after the neighbour's occurrence of
the youngest shared product (its last one); at d = 0 the similarity counts whole.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.compiled import compiled
from ml_modeling.recommending.context import Context
from ml_modeling.recommending.gathering import Gathered
from ml_modeling.recommending.neighbour_lists import recency
from ml_modeling.recommending.sessions import Sessions

RECENT = 1000
NEIGHBOURS = 500
DECAY = 0.8
IDF = 0.25
SPREAD = 0.3
KNN_COLUMNS = ("sum", "max", "count", "newest")


class SessionIndex(NamedTuple):
    """The sessions and their inverted index, with the weights of sessions (s) and products (n)."""

    products: NDArray[np.int32]
    offsets: NDArray[np.int64]
    indptr: NDArray[np.int64]
    places: NDArray[np.int64]
    sessions: NDArray[np.int32]
    session_weights: NDArray[np.float64]
    product_weights: NDArray[np.float64]


def session_index(sessions: Sessions) -> SessionIndex:
    """Return the index of past sessions."""
    return SessionIndex(
        sessions.products,
        sessions.offsets,
        *sessions.occurrences,
        recency(len(sessions)),
        np.maximum(sessions.sightings, 1.0) ** -IDF,
    )


def gather_neighbours(context: Context, index: SessionIndex, gathered: Gathered, first_column: int) -> None:
    """Write ``KNN_COLUMNS`` from ``first_column`` on.

    ``sum`` is the score above, ``max`` the largest similarity of a neighbour with the product, ``count`` how many
    have it, ``newest`` the place in time of the newest of them: 0 the oldest session, 1 the newest.
    """
    _gather_neighbours(context.products, index, gathered, first_column)


@compiled
def _gather_neighbours(context: NDArray[np.int32], index: SessionIndex, gathered: Gathered, first_column: int) -> None:
    columns, found, is_found, count = gathered
    neighbours, similarities, shared_places = _neighbours(context, index)
    session_count = len(index.session_weights)
    for which in range(len(neighbours)):
        session, similarity = neighbours[which], similarities[which]
        for place in range(index.offsets[session], index.offsets[session + 1]):
            product = index.products[place]
            distance = abs(place - shared_places[which])
            if not is_found[product]:
                is_found[product], found[count[0]] = True, product
                count[0] += 1
            row = columns[product]
            row[first_column] += similarity / (1 + SPREAD * max(distance - 1, 0))
            row[first_column + 1] = max(row[first_column + 1], similarity)
            row[first_column + 2] += 1
            row[first_column + 3] = max(row[first_column + 3], (session + 1) / session_count)


@compiled
def _neighbours(
    context: NDArray[np.int32], index: SessionIndex
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int64]]:
    """Return sessions, their similarities, and where in ``products`` each saw the youngest shared product last."""
    similarity = np.zeros(len(index.session_weights))
    shared_place = np.empty(len(context) * RECENT, np.int64)
    found = np.empty(len(context) * RECENT, np.int32)
    count, weight = 0, 1.0
    for product in context:
        end, last = index.indptr[product + 1], -1
        for at in range(end - 1, max(index.indptr[product], end - RECENT) - 1, -1):
            session = index.sessions[at]
            if session == last:
                continue
            last = session
            if similarity[session] == 0:
                found[count], shared_place[count] = session, index.places[at]
                count += 1
            similarity[session] += weight * index.product_weights[product]
        weight *= DECAY
    values = np.empty(count)
    for which in range(count):
        values[which] = similarity[found[which]] * index.session_weights[found[which]]
    best = np.argsort(-values)[:NEIGHBOURS]
    return found[best], values[best], shared_place[best]
