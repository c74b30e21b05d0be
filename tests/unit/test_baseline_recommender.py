from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml_modeling.baseline_recommender import fit
from ml_modeling.recommender import Recommender

DAY = np.timedelta64(1, "D")
T0 = np.datetime64("2026-01-01", "us")


def _checkerboard() -> Recommender:
    """White products are only seen with white ones, black only with black."""
    baskets = [["w1", "w2", "w3"], ["b1", "b2"], ["w1", "w2"], ["b2", "b1"], ["w3", "w1"]]
    return fit(np.full(len(baskets), T0), baskets)


def test_recommends_only_from_the_same_field_of_the_checkerboard() -> None:
    ranked = _checkerboard().recommend(["w1"], 2)
    assert [product.product_id for product in ranked] == ["w2", "w3"]
    assert {product.source for product in ranked} == {"co_visitation"}
    assert [product.product_id for product in _checkerboard().recommend(["b1"], 1)] == ["b2"]


def test_fills_up_by_popularity_and_says_so() -> None:
    ranked = _checkerboard().recommend(["b1"], 10)
    assert [product.source for product in ranked] == ["co_visitation"] + ["popularity"] * 3
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


def test_a_saved_model_answers_as_before(tmp_path: Path) -> None:
    model = _checkerboard()
    model.save(tmp_path)
    assert Recommender.load(tmp_path).recommend(["w1", "b2"], 5) == model.recommend(["w1", "b2"], 5)
