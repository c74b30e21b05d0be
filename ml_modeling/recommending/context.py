"""A running session as the sources see it: its distinct products, latest first."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.compiled import compiled
from ml_modeling.recommending.past import MOST, NOTHING

# Products further back than this say nothing of what comes next, and each costs time.
MAX_DISTINCT = 40


class Context(NamedTuple):
    """The distinct ``products`` (m), at most ``MAX_DISTINCT``, and what is known of each.

    ``since``: the steps since it was last seen, 0 for the latest; ``seen``: how often. ``length`` is that of the whole
    session, ``run`` how often the latest product stands there in a row. ``past`` is what else the visitor saw in
    earlier sessions, oldest first.
    """

    products: NDArray[np.int32]
    since: NDArray[np.int64]
    seen: NDArray[np.int64]
    length: int
    run: int
    past: NDArray[np.int32]


def context_of(session: NDArray[np.int32], past: NDArray[np.int32] = NOTHING) -> Context:
    """Return the context of a session that saw these products, in order; it holds at least one.

    ``past``, oldest first, is cut to what a model server would know of it: ``MOST`` products with the session's own.
    """
    context = _context(session)
    return Context(*context, _without(context[0], past))


def _without(own: NDArray[np.int32], past: NDArray[np.int32]) -> NDArray[np.int32]:
    if not len(past):
        return past
    others: NDArray[np.int32] = past[~(past[:, None] == own).any(axis=1)]
    return others[max(len(others) + len(own) - MOST, 0) :]


@compiled
def _context(session: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], int, int]:
    products, since = np.empty(MAX_DISTINCT, np.int32), np.empty(MAX_DISTINCT, np.int64)
    seen = np.zeros(MAX_DISTINCT, np.int64)
    count, run, length = 0, 0, len(session)
    for step in range(length):
        product, place = session[length - 1 - step], 0
        while place < count and products[place] != product:
            place += 1
        if place == MAX_DISTINCT:
            continue
        if place == count:
            products[count], since[count] = product, step
            count += 1
        seen[place] += 1
        if place == 0 and run == step:
            run += 1
    return products[:count], since[:count], seen[:count], length, run
