"""What each session's visitor had seen before: where the tastes of those who come again show."""

from __future__ import annotations

from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# As many as is known online of a visitor: the last distinct products, those of the running session among them.
MOST = 20
NOTHING = np.empty(0, np.int32)


class Past(NamedTuple):
    """Of s sessions the ``visitors`` (s), as codes, and ``products[offsets[k]:offsets[k + 1]]`` seen before session k.

    They are the last ``MOST`` distinct products of the same visitor's earlier sessions, the one seen last at the end.
    """

    visitors: NDArray[np.int64]
    products: NDArray[np.int32]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, visitors: NDArray[np.int64], products: NDArray[np.int32], offsets: NDArray[np.int64]) -> Past:
        """Return the past of sessions in order of time: session k saw ``products[offsets[k]:offsets[k + 1]]``."""
        latest_first: dict[int, list[int]] = {}
        before: list[list[int]] = []
        for session, visitor in enumerate(visitors.tolist()):
            past = latest_first.get(visitor, [])
            before.append(past[::-1])
            seen = products[offsets[session] : offsets[session + 1]][::-1].tolist()
            latest_first[visitor] = list(dict.fromkeys(seen + past))[:MOST]
        ends = np.cumsum([len(past) for past in before], dtype=np.int64)
        flat = np.fromiter(chain.from_iterable(before), np.int32)
        return cls(visitors, flat, np.concatenate([[0], ends]).astype(np.int64))

    def before(self, session: int) -> NDArray[np.int32]:
        """Return what the session's visitor had seen before it."""
        return self.products[self.offsets[session] : self.offsets[session + 1]]

    def between(self, first: int, last: int) -> Past:
        """Return the past of the sessions from ``first`` up to, not including, ``last``."""
        offsets = self.offsets[first : last + 1]
        return Past(self.visitors[first:last], self.products[offsets[0] : offsets[-1]], offsets - offsets[0])
