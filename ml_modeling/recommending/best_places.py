"""The best of many scores, in order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def best_places(scores: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Return where the ``count`` highest scores stand, the highest first, equal ones in their order.

    Of those equal to the last of them any may be among them.
    """
    places = np.arange(len(scores))
    if len(scores) > count:
        places = np.sort(np.argpartition(-scores, count)[:count])
    return places[np.argsort(-scores[places], kind="stable")]
