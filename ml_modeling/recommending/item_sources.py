"""Which source speaks most for each candidate: what an answer says of its products."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommender import CO_VISITATION, POPULARITY
from ml_modeling.recommending.candidate_features import FEATURES

# The feature that holds a source's share, and what the source is called; of equal shares the first speaks.
_NAMES = {
    "near_share": CO_VISITATION,
    "walk_share": "two_steps",
    "knn_share": "session_neighbours",
    "content_share": "content",
    "category_share": "category",
    "taste_share": "taste",
}
_COLUMNS = [FEATURES.index(share) for share in _NAMES]
SOURCES = (*_NAMES.values(), POPULARITY)


def sources_of(features: NDArray[np.float32]) -> list[str]:
    """Return for each row of ``FEATURES`` the source in which it stands highest; popularity where none found it."""
    return [SOURCES[place] for place in source_places_of(features).tolist()]


def source_shares(features: NDArray[np.float32]) -> list[dict[str, float]]:
    """Return for each row of ``FEATURES`` what every source that found it says of it, largest first.

    1 is what the source says of the candidate that it likes best.
    """
    return [
        {
            name: round(share, 4)
            for share, name in sorted(zip(shares, _NAMES.values(), strict=True), reverse=True)
            if share > 0
        }
        for shares in features[:, _COLUMNS].tolist()
    ]


def source_places_of(features: NDArray[np.float32]) -> NDArray[np.int8]:
    """Return the same as places in ``SOURCES``."""
    shares = features[:, _COLUMNS]
    return np.where(shares.max(axis=1) > 0, shares.argmax(axis=1), len(_NAMES)).astype(np.int8)
