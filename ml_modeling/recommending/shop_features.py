"""What the ranking is told of a candidate by the catalogue and by what the visitor saw before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.catalogue import Catalogue
from ml_modeling.recommending.context import Context
from ml_modeling.recommending.gathering import DECAY

SHOP_FEATURES = (
    "same_category",
    "same_brand",
    "price_gap",
    "session_category",
    "session_brand",
    "session_price_gap",
    "session_likeness",
    "past_category",
    "past_brand",
    "past_price_gap",
    "past_seen",
    "past_length",
    "price_level",
    "category_popularity",
)


def shop_features(
    context: Context, candidates: NDArray[np.int32], catalogue: Catalogue, popularity: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the ``SHOP_FEATURES`` of each of k candidates (k × 14).

    The first three compare with the latest product, the next four with the session's, older ones decayed, the next five
    with the past ones: shares of them in the candidate's category and of its brand, its price level less theirs.
    """
    session, past = context.products, context.past
    decayed = np.power(DECAY, np.arange(len(session), dtype=np.float64))
    weights: NDArray[np.float64] = decayed / decayed.sum()
    columns = (
        *_compared(catalogue, candidates, session[:1], np.ones(1)),
        *_compared(catalogue, candidates, session, weights),
        catalogue.vectors[candidates] @ (weights @ catalogue.vectors[session]),
        *_compared(catalogue, candidates, past, np.full(len(past), 1 / max(len(past), 1))),
        (past[:, None] == candidates).sum(axis=0),
        np.full(len(candidates), len(past)),
        catalogue.price_levels[candidates],
        popularity[candidates],
    )
    return np.column_stack(columns).astype(np.float32)


def _compared(
    catalogue: Catalogue, candidates: NDArray[np.int32], products: NDArray[np.int32], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the shares of the candidate's category and brand, and the gap in price level; 0 where nothing was seen."""
    category = _share(catalogue.categories, candidates, products, weights)
    brand = _share(catalogue.brands, candidates, products, weights)
    levels = catalogue.price_levels
    return category, brand, weights.sum() * levels[candidates] - weights @ levels[products]


def _share(
    codes: NDArray[np.int32], candidates: NDArray[np.int32], products: NDArray[np.int32], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    share: NDArray[np.float64] = weights @ (codes[products][:, None] == codes[candidates])
    return np.where(codes[candidates] >= 0, share, 0.0)
