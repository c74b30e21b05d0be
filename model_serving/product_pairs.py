"""What is bought together with products: pairs of baskets, as the lake counted them by night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from time import monotonic
from typing import Protocol

from feature_store.product_pairs import Pairs
from ml_modeling.recommender import RankedProduct
from model_serving.kept_reads import KeptReads
from model_serving.placements import Lead

# Fifty pairs of a product take about 6 kB.
_MOST_KEPT = 5_000


class PairReader(Protocol):
    """Reads what is bought together with a product."""

    def read(self, ids: Sequence[str]) -> list[Pairs]:
        """Return the pairs of each product; raises ``OnlineStoreUnavailableError``."""
        ...


class KnownPairs(KeptReads[Pairs]):
    """The pairs of products."""

    def __init__(self, reader: PairReader, now_s: Callable[[], float] = monotonic) -> None:
        super().__init__(reader.read, {}, _MOST_KEPT, now_s)


def bought_with(product_ids: Sequence[str], exclude: Collection[str], pairs: KnownPairs) -> list[RankedProduct]:
    """Return what goes with these products, by the sum of their scores, neither they nor ``exclude`` among it."""
    scores: Counter[str] = Counter()
    for each in pairs.of(product_ids).values():
        scores.update(each)
    barred = {*product_ids, *exclude}
    order = sorted((-score, product_id) for product_id, score in scores.items() if product_id not in barred)
    return [RankedProduct(product_id, -score, Lead.BOUGHT_TOGETHER) for score, product_id in order]
