"""Shapley values with known answers."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from ml_modeling.contributions import Contribution, contributions_of
from ml_modeling.shapley import BACKGROUND_ROWS, background_of, shapley_values

_BACKGROUND = np.array([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0], [1.0, 4.0, 4.0]])
_ROWS = arrays(np.float64, 3, elements=st.floats(-10, 10))


def _linear(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(rows @ np.array([2.0, -1.0, 0.5]) + 3)


def _crossed(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(rows[:, 0] * rows[:, 1] + np.abs(rows[:, 2]))


@given(_ROWS)
def test_of_a_line_they_are_its_slopes(row: NDArray[np.float64]) -> None:
    base, added = shapley_values(_linear, row, _BACKGROUND)
    assert base == pytest.approx(_linear(_BACKGROUND).mean())
    assert added == pytest.approx(np.array([2.0, -1.0, 0.5]) * (row - _BACKGROUND.mean(axis=0)))


def _by_definition(row: NDArray[np.float64]) -> list[float]:
    """Average what a feature adds over all orders in which the features may come."""
    added = [0.0, 0.0, 0.0]
    for order in itertools.permutations(range(3)):
        mixed = _BACKGROUND.copy()
        for feature in order:
            before = _crossed(mixed).mean()
            mixed[:, feature] = row[feature]
            added[feature] += float(_crossed(mixed).mean() - before) / math.factorial(3)
    return added


@given(_ROWS)
def test_where_features_work_together_they_are_those_of_the_definition(row: NDArray[np.float64]) -> None:
    base, added = shapley_values(_crossed, row, _BACKGROUND)
    assert base + added.sum() == pytest.approx(_crossed(row[None])[0])
    # Two features that work together share alike whichever comes first: forwards and back are all that matters.
    assert added == pytest.approx(_by_definition(row))


def test_a_feature_that_says_nothing_adds_nothing_and_the_same_row_has_the_same_values() -> None:
    row = np.array([3.0, 7.0, np.nan])

    def first_two(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(1 / (1 + np.exp(-rows[:, 0] * rows[:, 1])))

    _, added = shapley_values(first_two, row, _BACKGROUND)
    assert added[2] == 0
    assert added.tolist() == shapley_values(first_two, row, _BACKGROUND)[1].tolist()


def test_a_background_is_a_few_rows_the_same_each_time() -> None:
    rows = np.arange(300.0).reshape(100, 3)
    assert background_of(rows).shape == (BACKGROUND_ROWS, 3)
    assert background_of(rows).tolist() == background_of(rows.copy()).tolist()
    assert background_of(rows[:4]).tolist() == rows[:4].tolist()


def test_contributions_are_named_largest_first() -> None:
    found = contributions_of(0.5, ["a", "b", "c"], np.array([1.0, 2.0, 3.0]), np.array([0.1, -0.4, 0.2]))
    assert found.base == 0.5
    assert found.features == [Contribution("b", 2.0, -0.4), Contribution("c", 3.0, 0.2), Contribution("a", 1.0, 0.1)]
