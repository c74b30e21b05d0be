from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import Any

import pytest

from batch_processing.basket_pairs import basket_pairs
from tests.fixtures.silver_rows import event, line
from tests.fixtures.small_shop import SmallShop, by_key, day_of, is_return, random_shop


def build(shop: SmallShop) -> dict[tuple[Any, ...], dict[str, Any]]:
    return by_key(basket_pairs(shop.clickstream_events, shop.pos_events), "date", "product_a", "product_b")


def baskets_of(shop: SmallShop) -> dict[date, list[set[str]]]:
    baskets = defaultdict(list)
    for row in shop.deals():
        if not is_return(row):
            baskets[day_of(row)].append({item["product_id"] for item in row["lines"]})
    return baskets


@pytest.mark.parametrize("seed", range(3))
def test_random_shops_equal_plain_python(seed: int) -> None:
    shop = random_shop(seed)
    expected = {}
    for day, baskets in baskets_of(shop).items():
        pairs = Counter(pair for basket in baskets for pair in combinations_with_replacement(sorted(basket), 2))
        for (a, b), together in pairs.items():
            of = {"baskets_together": together, "baskets_a": pairs[a, a], "baskets_b": pairs[b, b]}
            expected[day, a, b] = of | {"source_events": len(baskets)}
    assert build(shop) == expected


@pytest.mark.parametrize("seed", range(3))
def test_the_lift_of_several_days_follows_from_sums(seed: int) -> None:
    shop = random_shop(seed)
    sums: Counter[tuple[str, str]] = Counter()
    day_baskets = {}
    for (day, *pair), row in build(shop).items():
        sums[tuple(pair)] += row["baskets_together"]
        day_baskets[day] = row["source_events"]
    baskets = [basket for of_day in baskets_of(shop).values() for basket in of_day]
    assert sum(day_baskets.values()) == len(baskets)
    for (a, b), together in sums.items():
        share_a, share_b, both = (
            Fraction(sum(products <= basket for basket in baskets), len(baskets)) for products in ({a}, {b}, {a, b})
        )
        assert Fraction(together * len(baskets), sums[a, a] * sums[b, b]) == both / (share_a * share_b)


def test_two_lines_of_one_product_are_one_product_and_a_return_is_no_basket() -> None:
    order = event("order_placed", lines=[line("q"), line("p"), line("p", 3, "2.0000")])
    returned = event("pos_return_completed", lines=[line("p"), line("q")])
    built = build(SmallShop([order], [returned]))
    assert {(a, b): row["baskets_together"] for (_, a, b), row in built.items()} == {
        ("p", "p"): 1,
        ("p", "q"): 1,
        ("q", "q"): 1,
    }
