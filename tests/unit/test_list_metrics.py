from __future__ import annotations

from math import log2

import pytest

from ml_modeling.list_metrics import coverage, diversity, novelty, popularity_bias

LISTS = [["a", "b"], ["a", "c"]]
SIGHTINGS = {"a": 6, "b": 2, "c": 8}


def test_coverage_is_the_share_of_the_catalogue_shown() -> None:
    assert coverage(LISTS, 12) == pytest.approx(3 / 12)
    assert coverage([[]], 12) == 0


def test_diversity_is_the_share_of_pairs_of_different_categories() -> None:
    categories = {"a": "shoes", "b": "shoes", "c": "hats"}
    assert diversity(LISTS, categories) == pytest.approx((0 + 1) / 2)
    assert diversity([["a", "b", "c"]], categories) == pytest.approx(2 / 3)
    assert diversity([["a"]], categories) == 0


def test_a_product_without_a_category_differs_from_every_other() -> None:
    assert diversity([["x", "y"]], {"x": "shoes"}) == 1


def test_novelty_is_the_surprise_of_what_is_shown() -> None:
    assert novelty([["a"], ["b"]], SIGHTINGS) == pytest.approx((-log2(6 / 16) - log2(2 / 16)) / 2)
    assert novelty([["never seen"]], SIGHTINGS) == pytest.approx(log2(16))
    assert novelty([[]], SIGHTINGS) == 0


def test_popularity_bias_is_against_what_people_chose() -> None:
    assert popularity_bias(LISTS, ["b", "a"], SIGHTINGS) == pytest.approx(((6 + 2 + 6 + 8) / 4) / ((2 + 6) / 2))
    assert popularity_bias(LISTS, ["never seen"], SIGHTINGS) == 0
