from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from contracts.errors import NotReadyError
from ml_modeling.recommender import Recommender
from ml_modeling.train_recommender import MIN_CASES, cases_of, evaluate, fit, train_recommender
from tests.fixtures.training_tables import sessions_table

DAY = np.timedelta64(1, "D")
T0 = np.datetime64("2026-01-01", "us")


def _checkerboard() -> Recommender:
    """White products are only seen with white ones, black only with black."""
    baskets = [["w1", "w2", "w3"], ["b1", "b2"], ["w1", "w2"], ["b2", "b1"], ["w3", "w1"]]
    return fit(np.full(len(baskets), T0), baskets)


def test_recommends_only_from_the_same_field_of_the_checkerboard() -> None:
    ranked = _checkerboard().recommend(["w1"], 2)
    assert [product.product_id for product in ranked] == ["w2", "w3"]
    assert {product.source for product in ranked} == {"model"}
    assert [product.product_id for product in _checkerboard().recommend(["b1"], 1)] == ["b2"]


def test_fills_up_by_popularity_and_says_so() -> None:
    ranked = _checkerboard().recommend(["b1"], 10)
    assert [product.source for product in ranked] == ["model"] + ["popularity"] * 3
    assert [product.product_id for product in ranked] == ["b2", "w1", "w2", "w3"]


def test_what_was_seen_or_excluded_does_not_come_back() -> None:
    ranked = _checkerboard().recommend(["w1", "b1"], 10, exclude=["w2"])
    assert {product.product_id for product in ranked} == {"w3", "b2"}


def test_an_unknown_context_gets_the_popular_products() -> None:
    ranked = _checkerboard().recommend(["never seen"], 1)
    assert [(product.product_id, product.source) for product in ranked] == [("w1", "popularity")]


def test_older_products_of_the_context_weigh_less() -> None:
    model = fit(np.full(2, T0), [["a", "x"], ["b", "y"]])
    assert [product.product_id for product in model.recommend(["b", "a"], 2)] == ["y", "x"]
    assert [product.score for product in model.recommend(["b", "a"], 2)] == pytest.approx([1.0, 0.8])


def test_popularity_halves_in_seven_days() -> None:
    model = fit(np.array([T0, T0, T0 + 7 * DAY]), [["old"], ["old"], ["new"]])
    assert dict(zip(model.product_ids, model.arrays.popularity.tolist(), strict=True)) == {"new": 1.0, "old": 1.0}


def test_cases_are_the_first_sights_of_a_session() -> None:
    assert cases_of([["a", "b", "a", "c"], ["a"]]) == [(["a"], "b"), (["b", "a"], "c")]


def test_metrics_by_hand() -> None:
    model = _checkerboard()
    # The model puts w2 first for w1; popularity puts w2 first too. The second target is not in the catalogue.
    metrics = evaluate(model, [(["w1"], "w2"), (["b1"], "unheard of")])
    assert metrics["recall_at_20"] == pytest.approx(0.5)
    assert metrics["mrr_at_20"] == pytest.approx(0.5)
    assert metrics["popularity_recall_at_20"] == pytest.approx(0.5)


def test_beats_popularity_where_there_is_something_to_learn() -> None:
    trained = train_recommender(sessions_table(300))
    assert trained.beats_baseline
    assert trained.note == ""


def test_the_same_data_in_any_order_gives_the_same_bytes(tmp_path: Path) -> None:
    table = sessions_table(150)
    shuffled = table.take(np.random.default_rng(1).permutation(len(table)))
    contents = []
    for number, data in enumerate((table, shuffled)):
        trained = train_recommender(data)
        (tmp_path / str(number)).mkdir()
        trained.model.save(tmp_path / str(number))
        contents.append(((tmp_path / str(number) / "recommender.npz").read_bytes(), trained.metrics))
    assert contents[0] == contents[1]


def test_a_saved_model_answers_as_before(tmp_path: Path) -> None:
    model = _checkerboard()
    model.save(tmp_path)
    assert Recommender.load(tmp_path).recommend(["w1", "b2"], 5) == model.recommend(["w1", "b2"], 5)


def test_bots_are_not_learned_from() -> None:
    people, bots = sessions_table(150), sessions_table(60, seed=4, products=80)
    flagged = bots.set_column(bots.schema.get_field_index("is_bot"), "is_bot", [[True] * len(bots)])
    assert train_recommender(pa.concat_tables([people, flagged])).metrics == train_recommender(people).metrics


def test_too_few_later_products_leave_the_metric_out_and_say_why() -> None:
    trained = train_recommender(sessions_table(20))
    assert trained.value is None
    assert trained.baseline is None
    assert f"at least {MIN_CASES}" in trained.note


def test_too_few_sessions_are_refused_with_both_numbers() -> None:
    with pytest.raises(NotReadyError, match=r"silver\.sessions holds 3 sessions with products: .* needs 10"):
        train_recommender(sessions_table(3))
    with pytest.raises(NotReadyError, match="holds 0 sessions"):
        train_recommender(sessions_table(3).slice(0, 0))
