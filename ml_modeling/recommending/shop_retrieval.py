"""Retrieval in a shop that has a catalogue: also for products that nobody has touched, and for known visitors.

Beside the sources of sessions: what is described alike, what is popular in the category, what the visitor likes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.candidate_features import FIRST_COLUMN, FIRST_OF_SHOP
from ml_modeling.recommending.catalogue import Catalogue
from ml_modeling.recommending.category_popularity import category_popularity, popular_of_category
from ml_modeling.recommending.context import Context
from ml_modeling.recommending.customer_factors import CustomerFactors, Factorize, customer_factors, tastes
from ml_modeling.recommending.gathering import Gathered, gather_lists, gather_scores
from ml_modeling.recommending.packed_lists import PackedLists, packed
from ml_modeling.recommending.retrieval import Retrieval
from ml_modeling.recommending.session_embedding import SessionEmbedding
from ml_modeling.recommending.sessions import Sessions
from ml_modeling.recommending.shop_features import shop_features
from ml_modeling.recommending.stored import read_arrays


@dataclass(frozen=True)
class ShopRetrieval(Retrieval):
    """Of n products. ``popularity`` (n) is that within the category, ``popular_alike`` the lists by it."""

    catalogue: Catalogue
    popularity: NDArray[np.float32]
    popular_alike: PackedLists
    factors: CustomerFactors

    def gather(self, context: Context, gathered: Gathered) -> None:
        """Let every source write what it finds."""
        super().gather(context, gathered)
        gather_lists(context, self.catalogue.alike, gathered, FIRST_COLUMN["content"])
        gather_lists(context, self.popular_alike, gathered, FIRST_COLUMN["category"])
        liked = tastes(self.factors, np.concatenate([context.past, context.products]))
        gather_scores(liked, gathered, FIRST_COLUMN["taste"])

    def features(
        self, context: Context, gathered: Gathered, candidates: NDArray[np.int32], embedded: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return all ``FEATURES`` of the candidates (k × len(FEATURES))."""
        features = super().features(context, gathered, candidates, embedded)
        features[:, FIRST_OF_SHOP:] = shop_features(context, candidates, self.catalogue, self.popularity)
        return features


def fit_retrieval(
    sessions: Sessions,
    embedding: SessionEmbedding,
    catalogue: Catalogue | None,
    factorize: Factorize = customer_factors,
) -> Retrieval:
    """Learn from past sessions, the same that ``embedding`` was taught, and from the catalogue where there is one."""
    retrieval = Retrieval.fit(sessions, embedding)
    if catalogue is None:
        return retrieval
    popularity = category_popularity(sessions, catalogue.categories)
    popular_alike = packed(popular_of_category(popularity, catalogue.categories))
    return ShopRetrieval(
        **vars(retrieval),
        catalogue=catalogue,
        popularity=popularity,
        popular_alike=popular_alike,
        factors=factorize(sessions),
    )


def read_retrieval(arrays: Mapping[str, NDArray[Any]]) -> Retrieval:
    """Return what ``arrays_of`` was given, with a catalogue if it had one; raises ``KeyError`` for a missing array."""
    has_catalogue = any(name.startswith("catalogue.") for name in arrays)
    return read_arrays(ShopRetrieval if has_catalogue else Retrieval, arrays)
