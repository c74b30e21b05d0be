"""Why the purchase model says what it says: SHAP over all and for one decision, LIME for one beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from contracts.tables import SESSION_FEATURE_NAMES
from ml_modeling.fitting import SEED
from ml_modeling.shapley import BACKGROUND_ROWS, Predict, background_of

# Permutations forwards and back of each feature: the least that SHAP's permutation explainer takes for one row.
_EVALUATIONS = 2 * len(SESSION_FEATURE_NAMES) + 1
_LIME_SAMPLES = 2000


@dataclass(frozen=True)
class Explanation:
    """One decision: the probability, that of the background, and what each feature adds, largest first.

    ``shap`` are probabilities and sum to the difference of the two (Lundberg and Lee 2017). ``lime`` are the weights
    of a linear model, fitted near the row, of each feature's being in the quarter of the background that it is in
    (Ribeiro et al. 2016); they have the same sign where both agree.
    """

    probability: float
    base: float
    shap: Sequence[tuple[str, float]]
    lime: Sequence[tuple[str, float]]


def shap_values(
    predict: Predict, rows: NDArray[np.float64], background: NDArray[np.float64], permutations: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return rows × features of what each adds to the probability, and for each row what they are added to."""
    import shap  # noqa: PLC0415 - imports numba, which takes seconds

    masker = shap.maskers.Independent(background_of(background), max_samples=BACKGROUND_ROWS)
    explainer = shap.explainers.Permutation(predict, masker, seed=SEED)
    explained = explainer(rows, max_evals=permutations * _EVALUATIONS, silent=True)
    return np.asarray(explained.values), np.asarray(explained.base_values)


def explain(predict: Predict, row: NDArray[np.float64], background: NDArray[np.float64]) -> Explanation:
    """Explain one row of features by how it differs from ``background``, rows of the training set."""
    values, bases = shap_values(predict, row.reshape(1, -1), background, permutations=20)
    probability = float(predict(row.reshape(1, -1))[0])
    return Explanation(probability, float(bases[0]), _largest_first(values[0]), _lime(predict, row, background))


def _lime(predict: Predict, row: NDArray[np.float64], background: NDArray[np.float64]) -> list[tuple[str, float]]:
    from lime.lime_tabular import LimeTabularExplainer  # noqa: PLC0415 - imports scikit-image

    # LIME knows no missing values: the median stands for one.
    medians = np.nan_to_num(np.nanmedian(background, axis=0))
    filled = np.where(np.isnan(background), medians, background)
    explainer = LimeTabularExplainer(filled, feature_names=SESSION_FEATURE_NAMES, random_state=SEED)
    explained = explainer.explain_instance(
        np.where(np.isnan(row), medians, row),
        partial(_both_classes, predict),
        num_features=len(SESSION_FEATURE_NAMES),
        num_samples=_LIME_SAMPLES,
    )
    weights = np.zeros(len(SESSION_FEATURE_NAMES))
    for feature, weight in explained.as_map()[1]:
        weights[feature] = weight
    return _largest_first(weights)


def _both_classes(predict: Predict, features: NDArray[np.float64]) -> NDArray[np.float64]:
    positive = predict(features)
    return np.column_stack([1 - positive, positive])


def _largest_first(values: NDArray[np.float64]) -> list[tuple[str, float]]:
    order = np.argsort(-np.abs(values), kind="stable")
    return [(SESSION_FEATURE_NAMES[place], float(values[place])) for place in order]
