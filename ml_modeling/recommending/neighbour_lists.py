"""For each product its best neighbours: directly by co-visitation, or over one product between.

Co-visitation by distance after the sequential rules of Kamehkhosh, Jannach and Ludewig (2017, "A Comparison of
Frequent Pattern Techniques and a Deep Learning Method for Session-Based Recommendation"):

    score(i → j) = Σ over sessions s of recency(s) · (the largest w of a pair) / sightings(j) ** alpha
    w = 1 / d ** gamma where j comes d steps after i, backward / d ** gamma where it comes d steps before

The walk of two steps is the square of the matrix of probabilities, as in random walks with restarts on the item
graph (Cooper, Lee, Radzik and Siantos 2014, "Random walks in recommender systems", P3 on the session graph): it
reaches products that were never seen together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.compiled import compiled
from ml_modeling.recommending.sessions import Occurrences, Sessions

# A session's weight halves over this share of all sessions before the newest.
HALF_LIFE = 0.8
NEIGHBOURS = 200
WALK_BREADTH = 50
WALK_NEIGHBOURS = 300


class Weighting(NamedTuple):
    """What a pair of products d steps apart counts: w above, for d up to ``window``."""

    window: int
    gamma: float
    backward: float
    alpha: float


NEAR = Weighting(window=20, gamma=0.7, backward=0.7, alpha=0.2)
NEXT = Weighting(window=1, gamma=0.0, backward=0.0, alpha=0.0)


class NeighbourLists(NamedTuple):
    """``neighbours`` (n × k, int32) of each product, best first, -1 where there are no more; ``scores`` (n × k)."""

    neighbours: NDArray[np.int32]
    scores: NDArray[np.float32]


def co_visitation(sessions: Sessions, weighting: Weighting = NEAR) -> NeighbourLists:
    """Return the ``NEIGHBOURS`` best of each product by the formula above."""
    forward = np.arange(1.0, weighting.window + 1) ** -weighting.gamma
    # Index d + window holds the weight of a product d steps away.
    weights = np.concatenate([weighting.backward * forward[::-1], [0.0], forward])
    dampened = np.maximum(sessions.sightings, 1.0) ** -weighting.alpha
    return NeighbourLists(
        *_co_visitation(
            sessions.products, sessions.offsets, sessions.occurrences, recency(len(sessions)), weights, dampened
        )
    )


def recency(session_count: int) -> NDArray[np.float64]:
    """Return a weight for each session, oldest first; that of the newest is 1."""
    age = np.arange(session_count, 0, -1) - 1
    weights: NDArray[np.float64] = 0.5 ** (age / (HALF_LIFE * max(session_count, 1)))
    return weights


def two_steps(lists: NeighbourLists) -> NeighbourLists:
    """Return for each product where two steps over ``WALK_BREADTH`` neighbours lead: probabilities, itself left out."""
    heads = lists.scores[:, :WALK_BREADTH]
    totals = np.maximum(heads.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return NeighbourLists(*_two_steps(lists.neighbours[:, :WALK_BREADTH].copy(), heads / totals))


@compiled
def _co_visitation(
    products: NDArray[np.int32],
    offsets: NDArray[np.int64],
    occurrences: Occurrences,
    session_weights: NDArray[np.float64],
    distance_weights: NDArray[np.float64],
    dampened: NDArray[np.float64],
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    n, window = len(occurrences.indptr) - 1, len(distance_weights) // 2
    neighbours, scores = np.full((n, NEIGHBOURS), -1, np.int32), np.zeros((n, NEIGHBOURS), np.float32)
    totals, best = np.zeros(n), np.zeros(n)
    touched, met = np.empty(n, np.int32), np.empty(n, np.int32)
    for source in range(n):
        touched_count, at, end = 0, occurrences.indptr[source], occurrences.indptr[source + 1]
        while at < end:
            session, met_count = occurrences.sessions[at], 0
            while at < end and occurrences.sessions[at] == session:
                place = occurrences.places[at]
                at += 1
                for other in range(
                    max(offsets[session], place - window), min(offsets[session + 1], place + window + 1)
                ):
                    target = products[other]
                    weight = distance_weights[other - place + window]
                    if target == source or weight == 0:
                        continue
                    if best[target] == 0:
                        met[met_count] = target
                        met_count += 1
                    best[target] = max(best[target], weight)
            for target in met[:met_count]:
                if totals[target] == 0:
                    touched[touched_count] = target
                    touched_count += 1
                totals[target] += best[target] * session_weights[session]
                best[target] = 0
        for target in touched[:touched_count]:
            totals[target] *= dampened[target]
        _keep_best(totals, touched[:touched_count], neighbours[source], scores[source])
    return neighbours, scores


@compiled
def _two_steps(
    neighbours: NDArray[np.int32], probabilities: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    n = len(neighbours)
    reached, scores = np.full((n, WALK_NEIGHBOURS), -1, np.int32), np.zeros((n, WALK_NEIGHBOURS), np.float32)
    totals, touched = np.zeros(n), np.empty(n, np.int32)
    for source in range(n):
        touched_count = 0
        for first, between in enumerate(neighbours[source]):
            if between < 0:
                break
            for second, target in enumerate(neighbours[between]):
                if target < 0:
                    break
                if target == source:
                    continue
                if totals[target] == 0:
                    touched[touched_count] = target
                    touched_count += 1
                totals[target] += probabilities[source, first] * probabilities[between, second]
        _keep_best(totals, touched[:touched_count], reached[source], scores[source])
    return reached, scores


@compiled
def _keep_best(
    totals: NDArray[np.float64], touched: NDArray[np.int32], neighbours: NDArray[np.int32], scores: NDArray[np.float32]
) -> None:
    """Write the best of ``touched`` into one row, equal ones by product, and set their totals back to zero."""
    products = np.sort(touched)
    order = np.argsort(-totals[products], kind="mergesort")
    for place, which in enumerate(order[: len(neighbours)]):
        neighbours[place] = products[which]
        scores[place] = totals[products[which]]
    for product in products:
        totals[product] = 0.0
