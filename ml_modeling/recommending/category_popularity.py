"""Popularity within the category, recent sessions counting for more."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.neighbour_lists import NeighbourLists, recency
from ml_modeling.recommending.sessions import Sessions

NEIGHBOURS = 50


def category_popularity(sessions: Sessions, categories: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return each product's share of the sightings in its category (n), each weighted by its session's recency.

    ``categories`` (n): codes, -1 for none; products without one share among themselves.
    """
    weights = np.repeat(recency(len(sessions)), np.diff(sessions.offsets))
    sightings = np.bincount(sessions.products, weights, minlength=sessions.product_count)
    of_category = np.bincount(categories + 1, sightings)
    shares: NDArray[np.float64] = sightings / np.maximum(of_category[categories + 1], np.finfo(np.float64).tiny)
    return shares.astype(np.float32)


def popular_of_category(popularity: NDArray[np.float32], categories: NDArray[np.int32]) -> NeighbourLists:
    """Return for each product the ``NEIGHBOURS`` most popular others of its category, with their popularity.

    Without a category there are none, and what nobody has seen is none of them.
    """
    shape = (len(categories), NEIGHBOURS)
    neighbours, scores = np.full(shape, -1, np.int32), np.zeros(shape, np.float32)
    for category in np.unique(categories[categories >= 0]):
        members = np.flatnonzero(categories == category)
        seen = members[popularity[members] > 0]
        best = seen[np.argsort(-popularity[seen], kind="stable")][: NEIGHBOURS + 1]
        for product in members:
            others = best[best != product][:NEIGHBOURS]
            neighbours[product, : len(others)] = others
            scores[product, : len(others)] = popularity[others]
    return NeighbourLists(neighbours, scores)
