"""One place of a list for a product that nobody has touched yet, so that somebody sees it within minutes.

Sessions say nothing of it, so its text decides to whom it is shown: the nearest to what was looked at last. Each time
that one was shown counts against it as ``STEP`` of the cosine, so that all get their turn, those that suit first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

STEP = 0.2
# Once so many have seen a product, it must earn its place as others do.
SHOWN_ENOUGH = 50


def newcomers(sightings: NDArray[np.float64], shown: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the products (of n) that nobody looked at and fewer than ``SHOWN_ENOUGH`` were shown."""
    return np.flatnonzero((sightings == 0) & (shown < SHOWN_ENOUGH))


def newcomer_for(
    latest: int, candidates: NDArray[np.int64], vectors: NDArray[np.float32], shown: NDArray[np.int64]
) -> int:
    """Return which of the ``candidates`` (at least one) is shown to somebody who looked at ``latest`` last.

    ``vectors`` (n × d) are those of content, ``shown`` (n) how often each product was shown.
    """
    nearness = vectors[candidates] @ vectors[latest] - STEP * shown[candidates]
    return int(candidates[np.argmax(nearness)])


def with_newcomer(ranked: Sequence[int], newcomer: int, limit: int) -> list[int]:
    """Return the first ``limit`` of ``ranked`` with the newcomer in the last place, unless it is among them."""
    head = list(ranked[:limit])
    return head if newcomer in head else [*head[: limit - 1], newcomer]
