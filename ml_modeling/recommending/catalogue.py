"""What the shop says of its products, as arrays by code: category, brand, price, text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from contracts.errors import NotReadyError
from ml_modeling.recommending.content_vectors import ContentSpace, content_neighbours, content_space, content_vectors
from ml_modeling.recommending.packed_lists import PackedLists, packed
from ml_modeling.recommending.product_facts import ProductFacts


class Catalogue(NamedTuple):
    """What is known of n products, by code.

    ``categories`` and ``brands`` (n) are codes, -1 for none. ``price_levels`` (n): the place of the price among those
    of its category, 0 the cheapest, 1 the dearest, 0.5 where there is none. ``vectors`` (n × d) are those of its text
    in ``space``, ``alike`` its neighbours by them.
    """

    categories: NDArray[np.int32]
    brands: NDArray[np.int32]
    price_levels: NDArray[np.float32]
    vectors: NDArray[np.float32]
    alike: PackedLists
    space: ContentSpace


def catalogue_of(products: Sequence[ProductFacts]) -> Catalogue:
    """Return the arrays of products in order of their codes; raises ``NotReadyError`` where none has a text."""
    texts = [product.text for product in products]
    space = content_space(texts)
    vectors = content_vectors(space, texts)
    categories = _codes([product.category for product in products])
    prices = np.array([np.nan if product.price is None else product.price for product in products])
    brands = _codes([product.brand for product in products])
    levels = _price_levels(prices, categories)
    return Catalogue(categories, brands, levels, vectors, packed(content_neighbours(vectors)), space)


def catalogue_if_any(products: Sequence[ProductFacts]) -> Catalogue | None:
    """Return the same, or ``None`` where no word is said of any of them."""
    try:
        return catalogue_of(products)
    except NotReadyError:
        return None


def _codes(names: Sequence[str | None]) -> NDArray[np.int32]:
    codes = {name: code for code, name in enumerate(sorted({name for name in names if name is not None}))}
    return np.array([-1 if name is None else codes[name] for name in names], np.int32)


def _price_levels(prices: NDArray[np.float64], categories: NDArray[np.int32]) -> NDArray[np.float32]:
    from scipy.stats import rankdata  # noqa: PLC0415 - not for the model server, which never fits

    levels = np.full(len(prices), 0.5, np.float32)
    for category in np.unique(categories):
        priced = np.flatnonzero((categories == category) & ~np.isnan(prices))
        levels[priced] = (rankdata(prices[priced]) - 0.5) / max(len(priced), 1)
    return levels
