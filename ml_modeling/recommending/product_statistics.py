"""What is known of each product whoever asks: popularity, how recently, how often it is come back to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.sessions import Sessions

# The newest part of the sessions, for what is popular now.
RECENT_SHARE = 0.05
# Sightings that a product's own rates are drawn towards the mean of all by.
_PRIOR = 10.0

STATISTICS = (
    "log_sightings",
    "log_recent_sightings",
    "trend",
    "newest",
    "oldest",
    "again_rate",
    "return_rate",
    "exit_rate",
)


def product_statistics(sessions: Sessions) -> NDArray[np.float32]:
    """Return the ``STATISTICS`` of each product (n × 8).

    ``trend``: log of recent sightings against those expected from all; ``newest`` and ``oldest``: the place in
    time of the newest and the oldest session with it (0 to 1); ``again_rate``: of its sightings, the share
    followed by itself directly; ``return_rate``: followed by itself later in the session, something else between;
    ``exit_rate``: the last of their session.
    """
    n, products = sessions.product_count, sessions.products
    of_session = np.repeat(np.arange(len(sessions)), np.diff(sessions.offsets))
    sightings = sessions.sightings
    recent = np.bincount(products[of_session >= len(sessions) * (1 - RECENT_SHARE)], minlength=n)
    is_last = np.zeros(len(products), bool)
    is_last[sessions.offsets[1:] - 1] = True
    again = np.append(products[1:] == products[:-1], False) & ~is_last
    newest, oldest = np.zeros(n), np.ones(n)
    newest[products] = (of_session + 1) / len(sessions)
    oldest[products[::-1]] = of_session[::-1] / len(sessions)
    columns = (
        np.log1p(sightings),
        np.log1p(recent),
        np.log((recent + 1) / (sightings * RECENT_SHARE + 1)),
        newest,
        oldest,
        _rate(again, products, sightings),
        _rate(_returned_to(products, of_session, n) & ~again, products, sightings),
        _rate(is_last, products, sightings),
    )
    return np.column_stack(columns).astype(np.float32)


def _rate(
    marked: NDArray[np.bool_], products: NDArray[np.int32], sightings: NDArray[np.float64]
) -> NDArray[np.float64]:
    mean = marked.mean()
    counts = np.bincount(products[marked], minlength=len(sightings))
    rate: NDArray[np.float64] = (counts + _PRIOR * mean) / (sightings + _PRIOR)
    return rate


def _returned_to(products: NDArray[np.int32], of_session: NDArray[np.int64], n: int) -> NDArray[np.bool_]:
    """Mark the sightings that the same product follows later in the same session."""
    pairs = of_session * n + products
    order = np.argsort(pairs, kind="stable")
    returned = np.zeros(len(products), bool)
    returned[order[:-1]] = pairs[order[1:]] == pairs[order[:-1]]
    return returned
