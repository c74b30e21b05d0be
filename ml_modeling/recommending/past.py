"""What each session's visitor had seen before: where the tastes of those who come again show."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# The newest of them: tastes show in fewer, and each costs time.
MOST = 50
NOTHING = np.empty(0, np.int32)


class Past(NamedTuple):
    """Of s sessions the ``visitors`` (s), as codes, and ``products[offsets[k]:offsets[k + 1]]`` seen before session k.

    They are of the same visitor's earlier sessions, oldest first, repeats kept, at most ``MOST``.
    """

    visitors: NDArray[np.int64]
    products: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, visitors: NDArray[np.int64], products: NDArray[np.int32], offsets: NDArray[np.int64]) -> Past:
        """Return the past of sessions in order of time: session k saw ``products[offsets[k]:offsets[k + 1]]``."""
        seen: dict[int, NDArray[np.int32]] = {}
        before = []
        for session, visitor in enumerate(visitors.tolist()):
            past = seen.get(visitor, NOTHING)
            before.append(past)
            seen[visitor] = np.concatenate([past, products[offsets[session] : offsets[session + 1]]])[-MOST:]
        ends = np.cumsum([len(past) for past in before], dtype=np.int64)
        return cls(visitors, np.concatenate([NOTHING, *before]), np.concatenate([[0], ends]).astype(np.int64))

    def before(self, session: int) -> NDArray[np.int32]:
        """Return what the session's visitor had seen before it."""
        return self.products[self.offsets[session] : self.offsets[session + 1]]

    def between(self, first: int, last: int) -> Past:
        """Return the past of the sessions from ``first`` up to, not including, ``last``."""
        offsets = self.offsets[first : last + 1]
        return Past(self.visitors[first:last], self.products[offsets[0] : offsets[-1]], offsets - offsets[0])
