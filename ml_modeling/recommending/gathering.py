"""Where the sources write what speaks for a product, for one session at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.compiled import compiled
from ml_modeling.recommending.context import Context
from ml_modeling.recommending.neighbour_lists import NeighbourLists

# Each older product of the session counts for less: 1, 0.8, 0.64, …
DECAY = 0.8
LIST_COLUMNS = ("sum", "max", "count", "latest", "previous")
BEST = 50


class Gathered(NamedTuple):
    """Zeros to write into: ``columns`` (n × c) for each product.

    ``found`` names those that any source spoke for, ``found_count`` (1) of them; ``is_found`` (n) marks them too.
    """

    columns: NDArray[np.float32]
    found: NDArray[np.int32]
    is_found: NDArray[np.bool_]
    found_count: NDArray[np.int64]


def nothing_gathered(product_count: int, columns: int) -> Gathered:
    """Return a place for one session."""
    return Gathered(
        np.zeros((product_count, columns), np.float32),
        np.empty(product_count, np.int32),
        np.zeros(product_count, np.bool_),
        np.zeros(1, np.int64),
    )


def gather_lists(context: Context, lists: NeighbourLists, gathered: Gathered, first_column: int) -> None:
    """Write ``LIST_COLUMNS`` from ``first_column`` on, of every neighbour of the session's products.

    ``sum`` is of the scores, an older product's decayed; ``max`` and ``count`` are over the session's products;
    ``latest`` and ``previous`` are the scores from the two latest products alone.
    """
    _gather_lists(context.products, lists.neighbours, lists.scores, gathered, first_column)


def gather_scores(scores: NDArray[np.float32], gathered: Gathered, column: int) -> None:
    """Write the ``scores`` (n) of every product found so far, and of the ``BEST`` by them, which are then found too."""
    columns, found, is_found, count = gathered
    best = np.argpartition(-scores, min(BEST, len(scores) - 1))[:BEST]
    new = best[~is_found[best]]
    found[count[0] : count[0] + len(new)] = new
    is_found[new] = True
    count[0] += len(new)
    known = found[: count[0]]
    columns[known, column] = scores[known]


@compiled
def _gather_lists(
    context: NDArray[np.int32],
    neighbours: NDArray[np.int32],
    scores: NDArray[np.float32],
    gathered: Gathered,
    first_column: int,
) -> None:
    columns, found, is_found, count = gathered
    weight = 1.0
    for age, source in enumerate(context):
        for place in range(neighbours.shape[1]):
            product, score = neighbours[source, place], scores[source, place]
            if product < 0:
                break
            if not is_found[product]:
                is_found[product], found[count[0]] = True, product
                count[0] += 1
            columns[product, first_column] += weight * score
            columns[product, first_column + 1] = max(columns[product, first_column + 1], score)
            columns[product, first_column + 2] += 1
            if age < 2:
                columns[product, first_column + 3 + age] = score
        weight *= DECAY
