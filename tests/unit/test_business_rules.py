from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_modeling.business_rules import Barred, BusinessRules, arrange
from ml_modeling.recommender import CO_VISITATION, POPULARITY, RankedProduct

RANKED = [RankedProduct(f"p{place}", 10.0 - place, CO_VISITATION) for place in range(1, 6)]
BRANDS = {"p1": "acme", "p2": "acme", "p3": "acme", "p4": "other"}


def _ids(products: list[RankedProduct]) -> list[str]:
    return [product.product_id for product in products]


def test_without_rules_the_order_and_the_scores_stay() -> None:
    assert arrange(RANKED, 3, BusinessRules()) == RANKED[:3]


@pytest.mark.parametrize("reason", ["sold_out", "hidden", "already_bought", "excluded"])
def test_what_is_barred_does_not_come_back_not_even_to_fill_up(reason: str) -> None:
    rules = BusinessRules(Barred(**{reason: ["p1", "p5"]}))
    assert _ids(arrange(RANKED, 5, rules)) == ["p2", "p3", "p4"]


def test_at_most_two_of_a_brand_and_any_number_without_one() -> None:
    rules = BusinessRules(max_per_brand=2)
    assert _ids(arrange(RANKED, 5, rules, BRANDS)) == ["p1", "p2", "p4", "p5"]
    assert _ids(arrange(RANKED, 5, rules)) == ["p1", "p2", "p3", "p4", "p5"]


def test_a_full_brand_gives_its_place_to_the_next() -> None:
    assert _ids(arrange(RANKED, 3, BusinessRules(max_per_brand=1), BRANDS)) == ["p1", "p4", "p5"]


def test_without_margins_the_models_order_stays_whatever_the_sources() -> None:
    ranked = [RankedProduct("a", 3.0, "two_steps"), RankedProduct("b", 2.0, POPULARITY), RankedProduct("c", 1.0, "x")]
    assert _ids(arrange(ranked, 3, BusinessRules())) == ["a", "b", "c"]


def test_margin_by_hand() -> None:
    # 9 · (0.5 + 0.5 · 0.2) = 5.4 and 8 · (0.5 + 0.5 · 0.6) = 6.4; the third keeps its 7.
    weighted = arrange(RANKED[:3], 3, BusinessRules(margin_weight=0.5), margins={"p1": 0.2, "p2": 0.6})
    assert _ids(weighted) == ["p3", "p2", "p1"]
    assert [product.score for product in weighted] == pytest.approx([7.0, 6.4, 5.4])


def test_what_filled_the_list_up_stays_behind_the_models_own() -> None:
    ranked = [
        RankedProduct("a", 0.1, CO_VISITATION),
        RankedProduct("b", 90.0, POPULARITY),
        RankedProduct("c", 80.0, POPULARITY),
    ]
    weighted = arrange(ranked, 3, BusinessRules(margin_weight=1.0), margins={"b": 0.1, "c": 0.5})
    assert _ids(weighted) == ["a", "c", "b"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"max_per_brand": 0}, "max_per_brand is 0"), ({"margin_weight": 1.5}, "margin_weight is 1.5: expected 0 to 1")],
)
def test_a_wrong_rule_is_named_with_what_was_expected(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BusinessRules(**wrong)  # type: ignore[arg-type]


@given(
    barred=st.sets(st.sampled_from(_ids(RANKED))),
    most=st.none() | st.integers(1, 3),
    weight=st.floats(0, 1),
    limit=st.integers(0, 7),
)
def test_whatever_the_rules_nothing_is_barred_doubled_or_too_many(
    barred: set[str], most: int | None, weight: float, limit: int
) -> None:
    rules = BusinessRules(Barred(excluded=barred), most, weight)
    arranged = _ids(arrange(RANKED, limit, rules, BRANDS, {"p1": 0.3, "p4": 0.9}))
    assert len(arranged) <= limit
    assert len(set(arranged)) == len(arranged)
    assert not barred & set(arranged)
    assert most is None or sum(BRANDS.get(product) == "acme" for product in arranged) <= most
