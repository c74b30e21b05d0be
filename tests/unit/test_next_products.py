from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from ml_modeling.baseline_recommender import fit
from ml_modeling.estimates import Estimate
from ml_modeling.list_positions import hits, metrics_of, positions_of
from ml_modeling.next_products import browsed_sessions, cases_of, next_products, sample
from ml_modeling.recall_slices import MIN_SLICE_SESSIONS, recall_slices
from ml_modeling.recommender import Recommender
from ml_modeling.recommending.product_facts import ProductFacts
from tests.fixtures.training_tables import sessions_table

EACH = np.ones(9, bool)


def _checkerboard() -> Recommender:
    """White products are only seen with white ones, black only with black."""
    baskets = [["w1", "w2", "w3"], ["b1", "b2"], ["w1", "w2"], ["b2", "b1"], ["w3", "w1"]]
    return fit(np.full(len(baskets), np.datetime64("2026-01-01", "us")), baskets)


def _with(table: pa.Table, column: str, values: object) -> pa.Table:
    return table.set_column(table.schema.get_field_index(column), column, [values])


def test_cases_are_the_first_sights_of_a_session() -> None:
    assert cases_of([["a", "b", "a", "c"], ["a"]]) == [(["a"], "b"), (["b", "a"], "c")]


def test_sessions_come_in_order_of_time_whatever_the_tables_order() -> None:
    table = sessions_table(60)
    shuffled = table.take(np.random.default_rng(1).permutation(len(table)))
    assert browsed_sessions(shuffled).baskets == table["product_ids"].to_pylist()
    assert (np.diff(browsed_sessions(shuffled).starts) > np.timedelta64(0)).all()


def test_bots_and_sessions_without_products_are_left_out_and_an_unknown_kind_of_visitor_stays() -> None:
    table = sessions_table(4)
    table = _with(table, "is_bot", [False, True, None, False])
    products = table["product_ids"].to_pylist()
    table = _with(table, "product_ids", pa.array([products[0], products[1], products[2], []], pa.list_(pa.string())))
    assert browsed_sessions(table).baskets == [products[0], products[2]]
    assert len(browsed_sessions(table.slice(0, 0))) == 0


def test_a_case_carries_its_sessions_start_and_attributes() -> None:
    table = _with(sessions_table(3), "product_ids", [["a"], ["a", "b"], ["c", "d", "c"]])
    cases = next_products(browsed_sessions(_with(table, "customer_id", [None, "ann", None])), EACH[:3])
    assert (cases.seen, cases.right) == ([["a"], ["c"]], ["b", "d"])
    assert cases.sessions.tolist() == [1, 2]
    assert cases.starts.tolist() == [each.replace(tzinfo=None) for each in table["started_at"].to_pylist()[1:]]
    assert {name: values.tolist() for name, values in cases.attributes.items()} == {
        "visitor": ["known", "new"],
        "device": ["mobile", "desktop"],
        "country": ["DE", "DE"],
    }
    assert cases.where(np.array([False, True])).right == ["d"]


def test_a_case_carries_what_its_visitor_saw_in_earlier_sessions_also_in_those_that_are_not_judged() -> None:
    table = _with(sessions_table(4), "product_ids", [["a", "b", "a"], ["x"], ["c", "a"], ["b", "d"]])
    browsed = browsed_sessions(_with(table, "visitor_id", ["ann", "bob", "ann", "ann"]))
    cases = next_products(browsed, np.array([False, False, True, True]))
    assert (cases.right, cases.past) == (["a", "d"], [["a", "b"], ["a", "c", "b"]])
    assert cases.where(np.array([False, True])).past == [["a", "c", "b"]]


def test_a_sample_keeps_the_order_and_is_the_same_each_time() -> None:
    drawn = sample(range(1000), 10)
    assert drawn == sorted(drawn) == sample(range(1000), 10)
    assert len(set(drawn)) == 10
    assert sample(range(3), 10) == [0, 1, 2]


def test_positions_and_metrics_by_hand() -> None:
    # The model puts w2 first for w1; popularity puts w2 third, behind b1 and b2. Nobody knows the second target.
    table = _with(sessions_table(2), "product_ids", [["w1", "w2"], ["b1", "unheard of"]])
    cases, model = next_products(browsed_sessions(table), EACH[:2]), _checkerboard()
    assert positions_of(model, cases) == [1, None]
    assert positions_of(model, cases, uses_context=False) == [3, None]
    assert hits([1, None]).tolist() == [1, 0]
    # The gain of the third place is 1 / log2(4); the eleventh is behind the tenth.
    assert metrics_of([3, None, 11, None], "x_") == {
        "x_recall_at_20": pytest.approx(0.5),
        "x_mrr_at_20": pytest.approx((1 / 3 + 1 / 11) / 4),
        "x_ndcg_at_10": pytest.approx(0.5 / 4),
    }


def test_slices_by_hand_and_nothing_said_of_small_ones() -> None:
    earlier = browsed_sessions(_with(sessions_table(3), "product_ids", [["p"] * 9, list("abcdefghi"), ["a"]]))
    baskets = [["a", "p"]] * MIN_SLICE_SESSIONS + [["a", "b", "new"]]
    later = browsed_sessions(_with(sessions_table(len(baskets)), "product_ids", baskets))
    cases = next_products(later, np.ones(len(later), bool))
    found = np.array([right == "p" for right in cases.right], float)
    slices = {(each.kind, each.value): each for each in recall_slices(cases, earlier, found, 1 - found, {})}
    popular = slices["next product", "popular"]
    assert (popular.cases, popular.recall, popular.baseline_recall) == (MIN_SLICE_SESSIONS, Estimate(1, 1, 1), 0.0)
    assert (slices["next product", "others"].cases, slices["next product", "never seen"].cases) == (1, 1)
    assert slices["next product", "never seen"].recall is None
    first = slices["products seen", "1"].recall
    assert first is not None
    assert first.value == pytest.approx(MIN_SLICE_SESSIONS / (MIN_SLICE_SESSIONS + 1))
    assert slices["products seen", "2"].recall is None


def test_what_the_shop_says_of_the_next_product_and_who_came_before_make_slices() -> None:
    table = sessions_table(4)
    baskets = [["a", "p"], ["a", "q"], ["a", "r"], ["b", "a", "unsaid"]]
    visitors = _with(_with(table, "product_ids", baskets), "visitor_id", ["v1", "v2", "v3", "v1"])
    later = browsed_sessions(visitors)
    cases = next_products(later, np.ones(len(later), bool))
    facts = {
        product: ProductFacts("-", category, price=price)
        for product, category, price in (("p", "home.light", 1.0), ("q", "home", 2.0), ("r", "garden.rose", 3.0))
    }
    slices = recall_slices(cases, later, np.ones(len(cases)), np.ones(len(cases)), facts)
    counts = {(each.kind, each.value): each.cases for each in slices}
    # The last session has two cases: a, and what nothing is said of.
    assert {value: counts["category", value] for value in ("home", "garden", "unknown")} == {
        "home": 2,
        "garden": 1,
        "unknown": 2,
    }
    assert [counts["price level", value] for value in ("low", "middle", "high", "none")] == [1, 1, 1, 2]
    assert [counts["earlier sessions", value] for value in ("none", "some")] == [3, 2]


def test_rare_categories_are_one_slice() -> None:
    baskets = [["a", f"p{number}"] for number in range(12)] + [["a", "p0"]]
    later = browsed_sessions(_with(sessions_table(13), "product_ids", baskets))
    cases = next_products(later, np.ones(len(later), bool))
    facts = {f"p{number}": ProductFacts("-", f"c{number}") for number in range(12)}
    slices = recall_slices(cases, later, np.ones(13), np.ones(13), facts)
    by_category = {each.value: each.cases for each in slices if each.kind == "category"}
    assert (len(by_category), by_category["c0"], by_category["others"]) == (9, 2, 4)
    assert sum(by_category.values()) == 13
