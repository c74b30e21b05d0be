"""The model's ranking as the shop's rules want it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ml_modeling.business_rules import Barred, BusinessRules, arrange
from ml_modeling.recommender import RankedProduct
from model_serving.product_facts import KnownProducts, ProductFacts

# How many more than are asked for are ranked, for those that the rules take out; and where these were too few,
# how many times as many. Rules that leave less than a list of those leave a shorter list.
_SPARE = 20
_TIMES = (1, 4)

# Returns at most so many products, best first.
Rank = Callable[[int], list[RankedProduct]]


def arranged(rank: Rank, limit: int, max_per_brand: int | None, products: KnownProducts) -> list[RankedProduct]:
    """Return at most ``limit`` products: none sold out or hidden, at most ``max_per_brand`` of one brand.

    ``rank`` is asked again for more where that leaves too few.
    """
    kept: list[RankedProduct] = []
    for times in _TIMES:
        asked = times * (limit + _SPARE)
        ranked = rank(asked)
        facts = products.of([product.product_id for product in ranked])
        rules = BusinessRules(_barred(facts), max_per_brand)
        brands = {product_id: each.brand for product_id, each in facts.items() if each.brand is not None}
        kept = arrange(ranked, limit, rules, brands)
        if len(kept) == limit or len(ranked) < asked:
            break
    return kept


def _barred(facts: Mapping[str, ProductFacts]) -> Barred:
    return Barred(
        sold_out=[product_id for product_id, each in facts.items() if each.is_sold_out],
        hidden=[product_id for product_id, each in facts.items() if each.is_hidden],
    )
