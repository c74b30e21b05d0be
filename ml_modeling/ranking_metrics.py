"""Metrics of ranked lists against what was right, over all products: no sampled negatives.

With one right answer a case: positions count from 1, and ``None`` stands for a right answer that is not in the list.
With several: a case is a list of products, best first, and the set of right ones. Definitions after Manning, Raghavan
and Schütze (2008, "Introduction to Information Retrieval", chapter 8), NDCG with equal gains after Järvelin and
Kekäläinen (2002).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from math import log2

Ranked = Sequence[Hashable]
Right = Collection[Hashable]


def recall_at(positions: Sequence[int | None], k: int) -> float:
    """Return the share of cases whose right answer is among the first ``k`` (with one right answer: the hit rate)."""
    return sum(position is not None and position <= k for position in positions) / len(positions)


def mrr_at(positions: Sequence[int | None], k: int) -> float:
    """Return the mean of 1 / position, 0 beyond ``k`` (Voorhees 1999, mean reciprocal rank)."""
    return sum(1 / position for position in positions if position is not None and position <= k) / len(positions)


def found_share(ranked: Ranked, right: Right, k: int) -> float:
    """Return Recall@k of one list: the share of the right products that are among the first ``k``."""
    return _hits(ranked, right, k) / len(right)


def precision(ranked: Ranked, right: Right, k: int) -> float:
    """Return Precision@k of one list: the share of ``k`` places that hold a right product; a missing place is wrong."""
    return _hits(ranked, right, k) / k


def reciprocal_rank(ranked: Ranked, right: Right, k: int) -> float:
    """Return 1 / the position of the first right product, 0 where none is among the first ``k``."""
    return next((1 / place for place, product in enumerate(ranked[:k], start=1) if product in right), 0.0)


def average_precision(ranked: Ranked, right: Right, k: int) -> float:
    """Return the precision at each right product's place, summed, over the right ones that ``k`` places can hold."""
    total, hits = 0.0, 0
    for place, product in enumerate(ranked[:k], start=1):
        if product in right:
            hits += 1
            total += hits / place
    return total / min(len(right), k)


def ndcg(ranked: Ranked, right: Right, k: int) -> float:
    """Return Σ 1 / log2(place + 1) over the right products, over that of a perfect list."""
    gained = sum(1 / log2(place + 1) for place, product in enumerate(ranked[:k], start=1) if product in right)
    return gained / sum(1 / log2(place + 1) for place in range(1, min(len(right), k) + 1))


def _hits(ranked: Ranked, right: Right, k: int) -> int:
    return sum(product in right for product in ranked[:k])
