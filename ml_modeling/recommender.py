"""What every recommender answers, and the plain one: item to item by co-visitation alone. Loads numpy only."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.newcomers import Newcomers
from ml_modeling.recommending.product_facts import ProductFacts

CO_VISITATION = "co_visitation"
POPULARITY = "popularity"
CATALOGUE = "catalogue"
NEWCOMER = "newcomer"
_FILE = "recommender.npz"
CONTEXT_LENGTH = 20
# Each older product of the visitor's counts for less: 1, 0.8, 0.64, …
CONTEXT_DECAY = 0.8


@dataclass(frozen=True)
class RankedProduct:
    """One recommended product.

    ``source`` is what speaks most for it, ``popularity`` where nothing else does; ``catalogue`` where it stands for
    its category and price level before somebody of whom nothing is known, ``newcomer`` where nobody has touched it yet.
    """

    product_id: str
    score: float
    source: str


class Recommends(Protocol):
    """Ranks products for what a visitor saw last. Safe to share between threads."""

    @property
    def product_ids(self) -> list[str]:
        """Every product the model knows, sorted."""
        ...

    def recommend(
        self, recent: Sequence[str], limit: int, exclude: Collection[str] = (), past: Sequence[str] = ()
    ) -> list[RankedProduct]:
        """Return at most ``limit`` products for ``recent`` (latest first), best first, then filled up by popularity.

        What is in ``recent`` or ``exclude`` does not come back. ``past``: what was seen in earlier sessions, latest
        first.
        """
        ...

    def first(self, limit: int, exclude: Collection[str] = ()) -> list[RankedProduct]:
        """Return at most ``limit`` products for somebody of whom nothing is known, best first."""
        ...

    def newcomers(self, facts: Mapping[str, ProductFacts]) -> Newcomers:
        """Return those of ``facts``, by product id, that nobody had seen when the model learned."""
        ...


@dataclass(frozen=True)
class RecommenderArrays:
    """The fitted plain model, n products, m neighbours in all.

    ``product_ids`` (n) sorted. ``indptr`` (n + 1), ``neighbours`` (m) and ``scores`` (m): the neighbours of
    product i, best first, are ``neighbours[indptr[i]:indptr[i + 1]]``. ``popularity`` (n) is the weight of each
    product, ``popular`` (n) the products by it, best first.
    """

    product_ids: NDArray[np.str_]
    indptr: NDArray[np.int64]
    neighbours: NDArray[np.int32]
    scores: NDArray[np.float32]
    popularity: NDArray[np.float32]
    popular: NDArray[np.int32]


class Recommender:
    """Co-visitation alone: the baseline, and what versions of before the two stages hold."""

    def __init__(self, arrays: RecommenderArrays) -> None:
        self.arrays = arrays
        self._ids: list[str] = arrays.product_ids.tolist()
        self._codes = {product_id: code for code, product_id in enumerate(self._ids)}

    @classmethod
    def load(cls, directory: Path) -> Recommender:
        """Read a model that ``save`` wrote."""
        with np.load(directory / _FILE, allow_pickle=False) as stored:
            return cls(RecommenderArrays(**{name: stored[name] for name in stored.files}))

    def save(self, directory: Path) -> None:
        """Write the arrays as one file: the same model gives the same bytes."""
        np.savez(directory / _FILE, **vars(self.arrays))

    @property
    def product_ids(self) -> list[str]:
        """Every product the model knows, sorted."""
        return self._ids

    def recommend(
        self,
        recent: Sequence[str],
        limit: int,
        exclude: Collection[str] = (),
        past: Sequence[str] = (),  # noqa: ARG002 - it learns nothing of who comes again
    ) -> list[RankedProduct]:
        """Return at most ``limit`` products for ``recent`` (latest first), then filled up by popularity.

        What is in ``recent`` or ``exclude`` does not come back. Equal scores are ordered by product id.
        """
        barred = {self._codes[product_id] for product_id in (*recent, *exclude) if product_id in self._codes}
        ranked = list(self._by_co_visitation(recent, barred, limit))
        barred.update(self._codes[product.product_id] for product in ranked)
        return ranked + list(self._by_popularity(barred, limit - len(ranked)))

    def first(self, limit: int, exclude: Collection[str] = ()) -> list[RankedProduct]:
        """Return the most popular products."""
        return self.recommend((), limit, exclude)

    def newcomers(self, facts: Mapping[str, ProductFacts]) -> Newcomers:
        """Return those of ``facts`` that it does not know, none nearer to anybody than another."""
        unseen = [product_id for product_id in facts if product_id not in self._codes]
        return Newcomers(unseen, np.empty((len(unseen), 0), np.float32))

    def _by_co_visitation(self, recent: Sequence[str], barred: set[int], limit: int) -> Iterator[RankedProduct]:
        totals: dict[int, float] = {}
        for age, product_id in enumerate(recent[:CONTEXT_LENGTH]):
            code = self._codes.get(product_id)
            if code is None:
                continue
            begin, end = self.arrays.indptr[code], self.arrays.indptr[code + 1]
            weight = CONTEXT_DECAY**age
            neighbours, scores = self.arrays.neighbours[begin:end].tolist(), self.arrays.scores[begin:end].tolist()
            for neighbour, score in zip(neighbours, scores, strict=True):
                totals[neighbour] = totals.get(neighbour, 0.0) + weight * score
        open_ = [(-score, code) for code, score in totals.items() if code not in barred]
        for negative_score, code in sorted(open_)[:limit]:
            yield RankedProduct(self._ids[code], -negative_score, CO_VISITATION)

    def _by_popularity(self, barred: set[int], limit: int) -> Iterator[RankedProduct]:
        # At most len(barred) of the first limit + len(barred) are barred.
        head = self.arrays.popular[: limit + len(barred)].tolist() if limit > 0 else []
        for code in [code for code in head if code not in barred][:limit]:
            yield RankedProduct(self._ids[code], float(self.arrays.popularity[code]), POPULARITY)
