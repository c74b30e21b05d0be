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

from ml_modeling.recommending.best_places import best_places
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
    sessions, similarities, shared_places = _similar_sessions(context.products, index)
    nearest = best_places(similarities, NEIGHBOURS)
    _gather_neighbours(sessions[nearest], similarities[nearest], shared_places[nearest], index, gathered, first_column)


@compiled
def _gather_neighbours(
    sessions: NDArray[np.int32],
    similarities: NDArray[np.float64],
    shared_places: NDArray[np.int64],
    index: SessionIndex,
    gathered: Gathered,
    first_column: int,
) -> None:
    columns, found, places, count = gathered
    session_count = len(index.session_weights)
    for which, session in enumerate(sessions):
        similarity = similarities[which]
        for place in range(index.offsets[session], index.offsets[session + 1]):
            product = index.products[place]
            distance = abs(place - shared_places[which])
            if places[product] < 0:
                places[product], found[count[0]] = count[0], product
                columns[count[0]] = 0
                count[0] += 1
            row = columns[places[product]]
            row[first_column] += similarity / (1 + SPREAD * max(distance - 1, 0))
            row[first_column + 1] = max(row[first_column + 1], similarity)
            row[first_column + 2] += 1
            row[first_column + 3] = max(row[first_column + 3], (session + 1) / session_count)


@compiled
def _similar_sessions(
    context: NDArray[np.int32], index: SessionIndex
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int64]]:
    """Return sessions, their similarities, and where in ``products`` each saw the youngest shared product last.

    A hash table with linear probing finds what was added up of a session: an array of all sessions would not fit
    into the processor's caches.
    """
    most = 0
    for product in context:
        most += min(index.indptr[product + 1] - index.indptr[product], RECENT)
    found, shared_places, similarities = np.empty(most, np.int32), np.empty(most, np.int64), np.zeros(most)
    size = 1
    while size < 2 * most:
        size *= 2
    table, count, weight = np.full(size, -1, np.int32), 0, 1.0
    for product in context:
        end, last = index.indptr[product + 1], -1
        for at in range(end - 1, max(index.indptr[product], end - RECENT) - 1, -1):
            session = index.sessions[at]
            if session == last:
                continue
            last = session
            slot = session & (size - 1)
            while table[slot] >= 0 and found[table[slot]] != session:
                slot = (slot + 1) & (size - 1)
            if table[slot] < 0:
                table[slot], found[count], shared_places[count] = count, session, index.places[at]
                count += 1
            similarities[table[slot]] += weight * index.product_weights[product]
        weight *= DECAY
    for which in range(count):
        similarities[which] *= index.session_weights[found[which]]
    return found[:count], similarities[:count], shared_places[:count]
