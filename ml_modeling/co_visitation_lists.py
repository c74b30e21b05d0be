"""``Recommender.recommend`` for many customers at once: the same lists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml_modeling.customer_lists import Histories, empty_lists
from ml_modeling.list_filling import Closed, CustomerLists, Neighbours, Popular, contexts_of, fill_by_neighbours
from ml_modeling.recommender import CO_VISITATION, CONTEXT_DECAY, CONTEXT_LENGTH, POPULARITY, Recommender


class CoVisitationLists:
    """A ``ListModel``: each customer's context are the ``CONTEXT_LENGTH`` products that they saw last."""

    sources = (CO_VISITATION, POPULARITY)

    def __init__(self, model: Recommender) -> None:
        arrays = model.arrays
        self._neighbours = Neighbours(arrays.indptr, arrays.neighbours, arrays.scores, CONTEXT_DECAY)
        self._popular = Popular(arrays.popular, arrays.popularity, self.sources.index(POPULARITY))
        self._product_ids = model.product_ids

    @property
    def product_ids(self) -> Sequence[str]:
        """Every product the model knows, sorted."""
        return self._product_ids

    def lists(self, histories: Histories, is_barred: NDArray[np.bool_], limit: int) -> CustomerLists:
        """Return for each customer what ``recommend`` gives for the context, without what is barred or bought."""
        lists = empty_lists(len(histories.seen.offsets) - 1, limit)
        closed = Closed(is_barred, contexts_of(histories.seen, CONTEXT_LENGTH), histories.bought)
        fill_by_neighbours(self._neighbours, closed, self._popular, lists)
        return lists
