"""Splits by time: the later sessions judge what was learned from the earlier ones."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def later_part(starts: NDArray[np.datetime64], share: float) -> NDArray[np.bool_]:
    """Mark the latest ``share`` of sessions by their start; sessions that start at one instant stay together.

    ``starts`` holds one start per session. Where the tie is so long that nothing would stay before it,
    nothing is marked.
    """
    if len(starts) == 0:
        return np.zeros(0, dtype=bool)
    first = min(math.ceil(len(starts) * (1 - share)), len(starts) - 1)
    later: NDArray[np.bool_] = starts >= np.sort(starts)[first]
    return later if not later.all() else np.zeros(len(starts), dtype=bool)
