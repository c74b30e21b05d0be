"""What to show to somebody of whom nothing is known, in a shop where perhaps nobody has been yet.

Maximal marginal relevance (Carbonell and Goldstein 1998): products are taken one by one, each the one of the most
relevance less its likeness to what was taken, so that the list spreads over categories, texts and price levels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.catalogue import Catalogue

# The longest list that the model server gives, twice: what is sold out is taken out of it.
FIRST_LISTED = 200
_RELEVANCE = 0.5


def first_products(
    catalogue: Catalogue, is_available: NDArray[np.bool_], limit: int, popularity: NDArray[np.float64] | None = None
) -> NDArray[np.int64]:
    """Return at most ``limit`` of the products that can be sold (``is_available``, n), best first.

    Relevant is what is typical of its category, and where there is a ``popularity`` (n) also what is popular.
    """
    relevance = _typicality(catalogue)
    if popularity is not None and popularity.max() > 0:
        relevance = (relevance + popularity / popularity.max()) / 2
    open_ = is_available.copy()
    likeness = np.zeros(len(open_))
    chosen = np.empty(min(limit, int(open_.sum())), np.int64)
    for place in range(len(chosen)):
        values = _RELEVANCE * relevance - (1 - _RELEVANCE) * likeness
        chosen[place] = np.argmax(np.where(open_, values, -np.inf))
        open_[chosen[place]] = False
        likeness = np.maximum(likeness, _likeness(catalogue, chosen[place]))
    return chosen


def _typicality(catalogue: Catalogue) -> NDArray[np.float64]:
    """Return the cosine of each product's text with the mean text of its category (n), 0 to 1."""
    means = np.zeros((int(catalogue.categories.max()) + 2, catalogue.vectors.shape[1]))
    np.add.at(means, catalogue.categories + 1, catalogue.vectors)
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), np.finfo(np.float64).tiny)
    cosines: NDArray[np.float64] = (catalogue.vectors * means[catalogue.categories + 1]).sum(axis=1)
    return np.maximum(cosines, 0.0)


def _likeness(catalogue: Catalogue, product: int) -> NDArray[np.float64]:
    """Return the mean of how alike category, price level and text of each product are to this one's (n), 0 to 1."""
    category = (catalogue.categories == catalogue.categories[product]) & (catalogue.categories >= 0)
    price = 1 - np.abs(catalogue.price_levels - catalogue.price_levels[product])
    text = np.maximum(catalogue.vectors @ catalogue.vectors[product], 0)
    likeness: NDArray[np.float64] = (category + price + text) / 3.0
    return likeness
