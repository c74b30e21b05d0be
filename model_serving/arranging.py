"""The model's ranking as the shop's rules and the request's filters want it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ml_modeling.business_rules import Barred, BusinessRules, arrange
from ml_modeling.recommender import RankedProduct
from model_serving.list_query import ListQuery
from model_serving.product_facts import FactsByProduct, ProductFacts

# How many more than are asked for are ranked, for those that the rules take out; and where these were too few,
# how many times as many. Rules that leave less than a list of those leave a shorter list.
_SPARE = 20
_TIMES = 4
# A filter may take out nearly all: it goes on, up to so many, whose facts are read at most once a minute.
_MOST_FILTERED = 2_000

# Returns at most so many products, best first.
Rank = Callable[[int], list[RankedProduct]]


def arranged(rank: Rank, wanted: ListQuery, products: FactsByProduct) -> list[RankedProduct]:
    """Return the list up to ``wanted.end``: what passes its filters, nothing sold out or hidden.

    ``rank`` is asked again for more where that leaves too few.
    """
    kept: list[RankedProduct] = []
    for asked in _depths(wanted):
        ranked = rank(asked)
        facts = products.of([product.product_id for product in ranked])
        rules = BusinessRules(_barred(facts, wanted), wanted.max_per_brand)
        brands = {product_id: each.brand for product_id, each in facts.items() if each.brand is not None}
        kept = arrange(ranked, wanted.end, rules, brands)
        if len(kept) == wanted.end or len(ranked) < asked:
            break
    return kept


def has_room_for(
    brand: str | None, listed: list[RankedProduct], max_per_brand: int | None, products: FactsByProduct
) -> bool:
    """Say whether one more of the brand may stand in a list."""
    if brand is None or max_per_brand is None:
        return True
    facts = products.of([product.product_id for product in listed])
    return sum(each.brand == brand for each in facts.values()) < max_per_brand


def _depths(wanted: ListQuery) -> Iterator[int]:
    """Yield how many products are ranked, one attempt after the other."""
    depth = wanted.end + _SPARE
    yield depth
    yield _TIMES * depth
    while wanted.is_filtered and (depth := _TIMES * depth) < _MOST_FILTERED:
        yield min(_TIMES * depth, _MOST_FILTERED)


def _barred(facts: Mapping[str, ProductFacts], wanted: ListQuery) -> Barred:
    return Barred(
        sold_out=[product_id for product_id, each in facts.items() if each.is_sold_out],
        hidden=[product_id for product_id, each in facts.items() if each.is_hidden],
        excluded=[product_id for product_id, each in facts.items() if not wanted.passes(each)]
        if wanted.is_filtered
        else (),
    )
