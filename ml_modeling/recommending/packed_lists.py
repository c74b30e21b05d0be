"""Neighbour lists as they are kept: one behind the other. Most products have far fewer neighbours than the longest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.neighbour_lists import NeighbourLists


class PackedLists(NamedTuple):
    """The m neighbours of n products, those of product i, best first, at ``indptr[i]:indptr[i + 1]``."""

    indptr: NDArray[np.int64]
    neighbours: NDArray[np.int32]
    scores: NDArray[np.float32]


def packed(lists: NeighbourLists) -> PackedLists:
    """Return the same lists without the places that are empty."""
    is_there = lists.neighbours >= 0
    indptr = np.concatenate([[0], np.cumsum(is_there.sum(axis=1))]).astype(np.int64)
    return PackedLists(indptr, lists.neighbours[is_there], lists.scores[is_there])
