"""What the shop wants of a ranked list, whatever the model says. Pure: nothing is read, nothing is kept.

A product that was barred never comes back, not even to fill a list up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from ml_modeling.recommender import POPULARITY, RankedProduct


@dataclass(frozen=True)
class Barred:
    """Products that must not be shown, by the reason: each is a set of product ids."""

    sold_out: Collection[str] = ()
    hidden: Collection[str] = ()
    already_bought: Collection[str] = ()
    excluded: Collection[str] = ()

    def every(self) -> frozenset[str]:
        """Return all of them."""
        return frozenset().union(self.sold_out, self.hidden, self.already_bought, self.excluded)


@dataclass(frozen=True)
class BusinessRules:
    """How a list is to be arranged.

    ``max_per_brand``: at most so many of one brand in a list, ``None`` for any number; products without a brand are
    not counted. ``margin_weight``: 0 leaves the model's order; at 1 a product that earns nothing counts for nothing
    and one with the margin ratio m for m of its score.
    """

    barred: Barred = field(default_factory=Barred)
    max_per_brand: int | None = None
    margin_weight: float = 0.0

    def __post_init__(self) -> None:
        if self.max_per_brand is not None and self.max_per_brand < 1:
            msg = f"max_per_brand is {self.max_per_brand}: expected at least 1, or none"
            raise ValueError(msg)
        if not 0 <= self.margin_weight <= 1:
            msg = f"margin_weight is {self.margin_weight}: expected 0 to 1"
            raise ValueError(msg)


def arrange(
    ranked: Iterable[RankedProduct],
    limit: int,
    rules: BusinessRules,
    brands: Mapping[str, str] | None = None,
    margins: Mapping[str, float] | None = None,
) -> list[RankedProduct]:
    """Return at most ``limit`` of ``ranked`` (best first, scores not negative) as the rules want them.

    ``brands`` and ``margins`` (a share of the price, 0 to 1) are by product id; a product without a margin keeps its
    score. Equal scores keep their order; where margins count, what popularity filled the list up with stays behind.
    """
    barred = rules.barred.every()
    allowed = [product for product in ranked if product.product_id not in barred]
    weighted = _by_margin(allowed, rules.margin_weight, margins or {})
    return _at_most_per_brand(weighted, rules.max_per_brand, brands or {}, limit)


def _by_margin(ranked: list[RankedProduct], weight: float, margins: Mapping[str, float]) -> list[RankedProduct]:
    if weight == 0:
        return ranked

    def factor(product: RankedProduct) -> float:
        return 1 - weight + weight * margins.get(product.product_id, 1.0)

    weighted = [RankedProduct(each.product_id, each.score * factor(each), each.source) for each in ranked]
    return sorted(weighted, key=lambda product: (product.source == POPULARITY, -product.score))


def _at_most_per_brand(
    ranked: Iterable[RankedProduct], max_per_brand: int | None, brands: Mapping[str, str], limit: int
) -> list[RankedProduct]:
    shown: Counter[str] = Counter()
    kept: list[RankedProduct] = []
    for product in ranked:
        brand = brands.get(product.product_id)
        is_full = max_per_brand is not None and brand is not None and shown[brand] >= max_per_brand
        if len(kept) < limit and not is_full:
            kept.append(product)
            shown.update([brand] if brand is not None else [])
    return kept
