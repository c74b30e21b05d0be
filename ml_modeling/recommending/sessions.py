"""Sessions as flat arrays, in order of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.compiled import compiled
from ml_modeling.recommending.past import NOTHING, Past


class Occurrences(NamedTuple):
    """Where product i was seen: at ``places[indptr[i]:indptr[i + 1]]``, in ``sessions[...]``, oldest first."""

    indptr: NDArray[np.int64]
    places: NDArray[np.int64]
    sessions: NDArray[np.int32]


@dataclass(frozen=True)
class Sessions:
    """Session k saw ``products[offsets[k]:offsets[k + 1]]``, in order; products are codes below ``product_count``.

    Sessions are in order of time, repeats are kept. ``past`` is ``None`` where nobody knows who came.
    """

    products: NDArray[np.int32]
    offsets: NDArray[np.int64]
    product_count: int
    past: Past | None = None

    @classmethod
    def of(
        cls, sessions: Sequence[Sequence[int]], product_count: int, visitors: NDArray[np.int64] | None = None
    ) -> Sessions:
        """Return the flat form of lists of codes; ``visitors`` (s) are codes of who came."""
        lengths = [len(session) for session in sessions]
        products = np.fromiter((product for session in sessions for product in session), np.int32, sum(lengths))
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        past = None if visitors is None else Past.of(visitors, products, offsets)
        return cls(products, offsets, product_count, past)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, session: int) -> NDArray[np.int32]:
        """Return the products of one session, in order."""
        return self.products[self.offsets[session] : self.offsets[session + 1]]

    def between(self, first: int, last: int) -> Sessions:
        """Return the sessions from ``first`` up to, not including, ``last``."""
        offsets = self.offsets[first : last + 1]
        past = None if self.past is None else self.past.between(first, last)
        return Sessions(self.products[offsets[0] : offsets[-1]], offsets - offsets[0], self.product_count, past)

    def seen_before(self, session: int) -> NDArray[np.int32]:
        """Return what the session's visitor had seen in earlier ones, oldest first; nothing where that is not known."""
        return NOTHING if self.past is None else self.past.before(session)

    @cached_property
    def occurrences(self) -> Occurrences:
        """Return where each product was seen."""
        return Occurrences(*_invert(self.products, self.offsets, self.product_count))

    @cached_property
    def sightings(self) -> NDArray[np.float64]:
        """Return for each product how often it was seen, repeats counted."""
        return np.diff(self.occurrences.indptr).astype(np.float64)


@compiled
def _invert(
    products: NDArray[np.int32], offsets: NDArray[np.int64], product_count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    counts = np.zeros(product_count + 1, np.int64)
    for product in products:
        counts[product + 1] += 1
    indptr = np.cumsum(counts)
    ends = indptr.copy()
    places, sessions = np.empty(len(products), np.int64), np.empty(len(products), np.int32)
    for session in range(len(offsets) - 1):
        for place in range(offsets[session], offsets[session + 1]):
            product = products[place]
            places[ends[product]], sessions[ends[product]] = place, session
            ends[product] += 1
    return indptr, places, sessions
