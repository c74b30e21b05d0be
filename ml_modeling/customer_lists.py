"""What batch scoring asks of a model: the lists of many customers at once, in codes of its products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ml_modeling.list_filling import NO_PRODUCT, CustomerLists, Each


class Histories(NamedTuple):
    """What each customer saw, oldest first, repeats kept, and what they bought, in any order."""

    seen: Each
    bought: Each


class ListModel(Protocol):
    """A model that ranks for many customers in one call. Safe to share between threads, which run beside it."""

    @property
    def product_ids(self) -> Sequence[str]:
        """Every product that it can recommend: product k has code k."""
        ...

    @property
    def sources(self) -> Sequence[str]:
        """The names of where it finds products."""
        ...

    def lists(self, histories: Histories, is_barred: NDArray[np.bool_], limit: int) -> CustomerLists:
        """Return at most ``limit`` products for each customer; ``is_barred`` marks those that nobody may be shown.

        What a customer saw lately or bought does not come back.
        """
        ...


def empty_lists(customers: int, limit: int) -> CustomerLists:
    """Return lists without a product, to be written into."""
    shape = (customers, limit)
    return CustomerLists(np.full(shape, NO_PRODUCT, np.int32), np.zeros(shape), np.zeros(shape, np.int8))
