"""Compiled trees answer as LightGBM does, bit for bit. Here, because they compile."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest
from numpy.typing import NDArray

from ml_modeling.recommending.tree_scores import tree_scores, trees_of

_PARAMS = {"objective": "regression", "num_leaves": 31, "min_child_samples": 2, "verbosity": -1, "num_threads": 1}


def _booster(features: NDArray[np.float32], labels: NDArray[np.float64], rounds: int, **params: object) -> lgb.Booster:
    return lgb.train(_PARAMS | params, lgb.Dataset(features, labels), num_boost_round=rounds)


@pytest.fixture(scope="module")
def rows() -> NDArray[np.float32]:
    """Numbers of all sizes, many of them equal or zero, as counts, shares and ranks are."""
    rng = np.random.default_rng(5)
    parts = rng.standard_normal((1_000, 3)), rng.integers(-2, 3, (1_000, 3)), 10.0 ** rng.integers(-30, 30, (1_000, 2))
    return np.hstack(parts).astype(np.float32)


@pytest.fixture(scope="module")
def labels(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    noise = np.random.default_rng(6).standard_normal(len(rows))
    return rows[:, 0] * rows[:, 3] + np.log(rows[:, 6]) / 9 + noise


@pytest.mark.parametrize("count", [1, 7, 100, 128, 129, 1_000])
def test_scores_are_lightgbms(rows: NDArray[np.float32], labels: NDArray[np.float64], count: int) -> None:
    booster = _booster(rows, labels, 40)
    assert booster.num_trees() == 40
    np.testing.assert_array_equal(tree_scores(rows[:count], trees_of(booster)), booster.predict(rows[:count]))


def test_what_stands_on_a_threshold_goes_to_the_left(rows: NDArray[np.float32], labels: NDArray[np.float64]) -> None:
    booster = _booster(rows, labels, 40)
    trees = trees_of(booster)
    on_it = np.zeros((3 * len(trees.features), rows.shape[1]), np.float32)
    for part, values in enumerate(_around(trees.thresholds)):
        on_it[part * len(values) + np.arange(len(values)), trees.features] = values
    np.testing.assert_array_equal(tree_scores(on_it, trees), booster.predict(on_it))


def _around(thresholds: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [np.nextafter(thresholds, np.float32(end)) for end in (-np.inf, np.inf)] + [thresholds]


def test_a_tree_without_a_split_says_the_same_of_every_row(rows: NDArray[np.float32]) -> None:
    booster = _booster(rows, np.full(len(rows), 3.5), 2)
    np.testing.assert_array_equal(tree_scores(rows[:3], trees_of(booster)), booster.predict(rows[:3]))


def test_no_rows_have_no_scores(rows: NDArray[np.float32], labels: NDArray[np.float64]) -> None:
    assert tree_scores(rows[:0], trees_of(_booster(rows, labels, 2))).shape == (0,)


@pytest.mark.parametrize(
    ("changed", "params", "expected"),
    [
        (np.nan, {}, r"missing NaN: expected <=, missing None"),
        (0.0, {"num_leaves": 40}, r"leaves: expected at most 32"),
    ],
)
def test_trees_of_another_kind_are_refused(
    rows: NDArray[np.float32],
    labels: NDArray[np.float64],
    changed: float,
    params: dict[str, object],
    expected: str,
) -> None:
    others = rows.copy()
    others[::2, 0] = changed
    with pytest.raises(ValueError, match=expected):
        trees_of(_booster(others, labels, 5, **params))
