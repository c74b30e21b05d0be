"""Where the sources write what speaks for a product, for one session at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.compiled import compiled
from ml_modeling.recommending.context import Context
from ml_modeling.recommending.packed_lists import PackedLists

# Each older product of the session counts for less: 1, 0.8, 0.64, …
DECAY = 0.8
LIST_COLUMNS = ("sum", "max", "count", "latest", "previous")
BEST = 50


class Gathered(NamedTuple):
    """What was found so far: ``found_count`` (1) of the n products, each with a row of ``columns``.

    ``found`` (n) has the products in the order in which they were found, ``columns`` (n × c) their rows in that order,
    ``places`` (n) where a product stands in it, -1 for one that is not found. Rows beyond the last are not set.
    """

    columns: NDArray[np.float32]
    found: NDArray[np.int32]
    places: NDArray[np.int32]
    found_count: NDArray[np.int64]

    @property
    def rows(self) -> NDArray[np.float32]:
        """The rows of what was found."""
        return self.columns[: self.found_count[0]]

    @property
    def products(self) -> NDArray[np.int32]:
        """What was found."""
        return self.found[: self.found_count[0]]


def nothing_gathered(product_count: int, columns: int) -> Gathered:
    """Return a place for one session. Of the largest array only the rows in use are ever touched."""
    return Gathered(
        np.empty((product_count, columns), np.float32),
        np.empty(product_count, np.int32),
        np.full(product_count, -1, np.int32),
        np.zeros(1, np.int64),
    )


def gather_lists(context: Context, lists: PackedLists, gathered: Gathered, first_column: int) -> None:
    """Write ``LIST_COLUMNS`` from ``first_column`` on, of every neighbour of the session's products.

    ``sum`` is of the scores, an older product's decayed; ``max`` and ``count`` are over the session's products;
    ``latest`` and ``previous`` are the scores from the two latest products alone.
    """
    _gather_lists(context.products, lists, gathered, first_column)


def gather_scores(scores: NDArray[np.float32], gathered: Gathered, column: int) -> None:
    """Write the ``scores`` (n) of every product found so far, and of the ``BEST`` by them, which are then found too."""
    columns, found, places, count = gathered
    best = np.argpartition(-scores, min(BEST, len(scores) - 1))[:BEST]
    new = best[places[best] < 0]
    end = count[0] + len(new)
    found[count[0] : end], places[new] = new, np.arange(count[0], end)
    columns[count[0] : end] = 0
    count[0] = end
    columns[:end, column] = scores[found[:end]]


@compiled
def _gather_lists(context: NDArray[np.int32], lists: PackedLists, gathered: Gathered, first_column: int) -> None:
    columns, found, places, count = gathered
    weight = 1.0
    for age, source in enumerate(context):
        for place in range(lists.indptr[source], lists.indptr[source + 1]):
            product, score = lists.neighbours[place], lists.scores[place]
            if places[product] < 0:
                places[product], found[count[0]] = count[0], product
                columns[count[0]] = 0
                count[0] += 1
            row = columns[places[product]]
            row[first_column] += weight * score
            row[first_column + 1] = max(row[first_column + 1], score)
            row[first_column + 2] += 1
            if age < 2:
                row[first_column + 3 + age] = score
        weight *= DECAY
