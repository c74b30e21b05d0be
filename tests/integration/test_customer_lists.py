"""Lists of many customers at once are those of one at a time. Here, because they compile."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ml_modeling.baseline_recommender import fit
from ml_modeling.co_visitation_lists import CoVisitationLists
from ml_modeling.customer_lists import Histories, ListModel
from ml_modeling.list_filling import NO_PRODUCT, CustomerLists, Each, contexts_of
from ml_modeling.recommender import Recommender
from ml_modeling.recommending.sessions import Sessions
from ml_modeling.two_stage_fitting import fit_two_stage
from ml_modeling.two_stage_lists import TwoStageLists
from ml_modeling.two_stage_recommender import TwoStageRecommender

PRODUCTS = 30
LIMIT = 8
Codes = list[list[int]]


def _each(codes: Sequence[Sequence[int]]) -> Each:
    flat = Sessions.of(codes, PRODUCTS)
    return Each(flat.products, flat.offsets)


def _sessions(count: int, seed: int = 5) -> Codes:
    rng = np.random.default_rng(seed)
    starts = rng.integers(PRODUCTS, size=count)
    return [((start + np.cumsum(rng.integers(1, 4, rng.integers(2, 7)))) % PRODUCTS).tolist() for start in starts]


def _ids(codes: Sequence[int]) -> list[str]:
    return [f"p{code:02d}" for code in codes]


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    baskets = [*map(_ids, _sessions(60)), _ids(range(PRODUCTS))]
    return fit(np.full(len(baskets), np.datetime64("2026-01-01", "us")), baskets)


@pytest.fixture(scope="module")
def two_stage() -> TwoStageRecommender:
    return fit_two_stage([*map(_ids, _sessions(300)), _ids(range(PRODUCTS))])[0]


def _lists(model: ListModel, seen: Codes, bought: Codes, barred: Sequence[int]) -> CustomerLists:
    is_barred = np.zeros(PRODUCTS, bool)
    is_barred[list(barred)] = True
    return model.lists(Histories(_each(seen), _each(bought)), is_barred, LIMIT)


def _latest(seen: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(reversed(seen)))[:20]


_CODES = st.lists(st.integers(0, PRODUCTS - 1), max_size=12)


@settings(max_examples=50)
@given(st.lists(st.tuples(_CODES, _CODES), min_size=1, max_size=5), _CODES)
def test_co_visitation_gives_what_recommend_gives(
    recommender: Recommender, customers: list[tuple[list[int], list[int]]], barred: list[int]
) -> None:
    seen, bought = ([list(each) for each in part] for part in zip(*customers, strict=True))
    lists = _lists(CoVisitationLists(recommender), seen, bought, barred)
    for customer in range(len(customers)):
        recent = _ids(_latest(seen[customer]))
        expected = recommender.recommend(recent, LIMIT, _ids([*bought[customer], *barred]))
        taken = lists.products[customer][lists.products[customer] != NO_PRODUCT]
        # Sums may round otherwise, so that ties may be in another order: the scores say that no other is missing.
        assert lists.scores[customer, : len(taken)] == pytest.approx([product.score for product in expected])
        sources = [CoVisitationLists.sources[source] for source in lists.sources[customer, : len(taken)]]
        assert sources == [product.source for product in expected]
        everything = {each.product_id: each.score for each in recommender.recommend(recent, PRODUCTS)}
        for code, score, source in zip(taken, lists.scores[customer], sources, strict=False):
            assert source == "popularity" or everything[_ids([code])[0]] == pytest.approx(score)
        assert not {*taken.tolist()} & {*seen[customer], *bought[customer], *barred}
        assert len({*taken.tolist()}) == len(taken)


def test_equal_scores_are_ordered_by_product() -> None:
    model = fit(np.full(3, np.datetime64("2026-01-01", "us")), [["p1", "p9"], ["p1", "p5"], ["p1", "p3"]])
    lists = CoVisitationLists(model).lists(Histories(_each([[0]]), _each([[]])), np.zeros(4, bool), 2)
    assert [model.product_ids[code] for code in lists.products[0]] == ["p3", "p5"]


@pytest.mark.parametrize("is_ranked", [True, False])
def test_two_stages_give_what_recommend_gives(two_stage: TwoStageRecommender, is_ranked: bool) -> None:
    ranker = two_stage.ranker if is_ranked else None
    model = TwoStageRecommender(two_stage.product_ids, two_stage.retrieval, ranker)
    seen, bought = [[3, 4, 3], [], [29, 28, 27]], [[5], [6], []]
    lists = _lists(TwoStageLists(model), seen, bought, [7])
    for customer in range(3):
        expected = model.recommend(_ids(_latest(seen[customer])), LIMIT, _ids([*bought[customer], 7]))
        assert _ids(lists.products[customer]) == [product.product_id for product in expected]
        assert lists.scores[customer] == pytest.approx([product.score for product in expected])
        sources = [TwoStageLists.sources[source] for source in lists.sources[customer]]
        assert sources == [product.source for product in expected]


@pytest.mark.parametrize("name", ["recommender", "two_stage"])
def test_where_everything_is_closed_a_list_is_empty(name: str, request: pytest.FixtureRequest) -> None:
    fitted = request.getfixturevalue(name)
    model: ListModel = CoVisitationLists(fitted) if isinstance(fitted, Recommender) else TwoStageLists(fitted)
    lists = _lists(model, [[0], []], [list(range(1, PRODUCTS)), [0]], range(10))
    assert (lists.products[0] == NO_PRODUCT).all()
    assert {*lists.products[1].tolist()} <= {*range(10, PRODUCTS)}


def test_contexts_are_the_last_distinct_products_latest_first() -> None:
    contexts = contexts_of(_each([[1, 2, 1, 3, 3], [], [4]]), 2)
    assert [each.tolist() for each in _split(contexts)] == [[3, 1], [], [4]]


def _split(each: Each) -> list[NDArray[np.int32]]:
    return np.split(each.products, each.offsets[1:-1])
