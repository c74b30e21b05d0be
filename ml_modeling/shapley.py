"""Shapley values of one prediction of any model, by permutations of its features. Loads numpy only.

Štrumbelj and Kononenko (2014), "Explaining prediction models and individual predictions with feature contributions";
each order is walked forwards and back, as SHAP's permutation explainer does. Its import would cost a server, beside
numba, 4.8 s of CPU and 201 MiB.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

BACKGROUND_ROWS = 25
_SEED = 7
_PERMUTATIONS = 10
# n × features to n predictions.
Predict = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def background_of(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return at most ``BACKGROUND_ROWS`` of the rows, the same each time: what a prediction is compared with."""
    chosen = np.random.default_rng(_SEED).choice(len(rows), min(BACKGROUND_ROWS, len(rows)), replace=False)
    return rows[np.sort(chosen)]


def shapley_values(
    predict: Predict, row: NDArray[np.float64], background: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Return the mean prediction of ``background`` (m × features), and what each feature of ``row`` adds to it.

    They sum to the prediction of ``row``; the same row has the same values each time.
    """
    random, added = np.random.default_rng(_SEED), np.zeros(len(row))
    for _ in range(_PERMUTATIONS):
        order = random.permutation(len(row))
        for path in (order, order[::-1]):
            means = _means_along(path, predict, row, background)
            added[path] += np.diff(means)
    return float(means[0]), added / (2 * _PERMUTATIONS)


def _means_along(
    path: NDArray[np.int64], predict: Predict, row: NDArray[np.float64], background: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the mean prediction of the background in which the first 0, 1, … features of ``path`` are the row's."""
    mixed = np.repeat(background[None], len(path) + 1, axis=0)
    for step, feature in enumerate(path.tolist(), start=1):
        mixed[step:, :, feature] = row[feature]
    means: NDArray[np.float64] = predict(mixed.reshape(-1, len(row))).reshape(len(mixed), -1).mean(axis=1)
    return means
