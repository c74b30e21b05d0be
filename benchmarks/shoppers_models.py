"""The models that the shoppers' benchmark compares: plain LightGBM, and a weighted, calibrated blend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import xgboost as xgb
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedGroupKFold

from benchmarks.shoppers_data import Shoppers, learned_features
from ml_modeling.calibration import fit_platt

_INNER_FOLDS = 4
_THRESHOLDS = np.arange(0.40, 0.601, 0.01)

Rows = NDArray[np.int64]
Matrix = NDArray[np.float64]
# Features and labels to learn from, features to score, seed → probabilities.
Member = Callable[[Matrix, NDArray[np.bool_], Matrix, int], Matrix]


@dataclass(frozen=True)
class Scored:
    """Probabilities of the test rows of a fold, and from which one on a row is called positive."""

    probabilities: Matrix
    threshold: float
    weights: Sequence[float] = ()


def plain_lightgbm(shoppers: Shoppers, train: Rows, test: Rows, seed: int) -> Scored:
    """LightGBM as it comes, on the columns as they are."""
    model = lgb.LGBMClassifier(n_jobs=1, verbosity=-1, random_state=seed)
    model.fit(shoppers.plain[train], shoppers.labels[train])
    return Scored(np.asarray(model.predict_proba(shoppers.plain[test]))[:, 1], 0.5)


def blend(shoppers: Shoppers, train: Rows, test: Rows, seed: int) -> Scored:
    """Average the members of each inner fold; weights, calibration and threshold come from what it held out.

    Equal rows stay in one inner fold. A test row's probability is the mean over the inner folds' models.
    """
    labels = shoppers.labels[train]
    folds = StratifiedGroupKFold(_INNER_FOLDS, shuffle=True, random_state=seed)
    held_out, scored = np.empty((len(train), len(_MEMBERS))), np.zeros((len(test), len(_MEMBERS)))
    for fitted, held in folds.split(train, labels, shoppers.equal_rows[train]):
        ours, theirs = learned_features(shoppers, train[fitted], np.concatenate([train[held], test]))
        for place, member in enumerate(_MEMBERS):
            probabilities = member(ours, labels[fitted], theirs, seed)
            held_out[held, place] = probabilities[: len(held)]
            scored[:, place] += probabilities[len(held) :] / _INNER_FOLDS
    weights = _weights(held_out, labels)
    calibration = fit_platt(held_out @ weights, labels)
    calibrated = calibration.apply(held_out @ weights)
    correct = [((calibrated >= threshold) == labels).mean() for threshold in _THRESHOLDS]
    threshold = float(_THRESHOLDS[int(np.argmax(correct))])
    return Scored(calibration.apply(scored @ weights), threshold, [float(weight) for weight in weights])


def _weights(held_out: Matrix, labels: NDArray[np.bool_]) -> Matrix:
    """Return weights ≥ 0 of sum 1 with the least log loss on what the members had not seen."""
    count = held_out.shape[1]
    found = minimize(
        lambda weights: log_loss(labels, held_out @ weights),
        np.full(count, 1 / count),
        bounds=[(0, 1)] * count,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
        method="SLSQP",
    )
    clipped = np.clip(found.x, 0, 1)
    return np.asarray(clipped / clipped.sum())


def _lightgbm(features: Matrix, labels: NDArray[np.bool_], scored: Matrix, seed: int) -> Matrix:
    parameters = {
        "objective": "binary",
        "learning_rate": 0.03,
        "num_leaves": 15,
        "min_child_samples": 40,
        "feature_fraction": 0.6,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 5,
        "num_threads": 1,
        "verbosity": -1,
        "seed": seed,
    }
    model = lgb.train(parameters, lgb.Dataset(features, labels), 150)
    return np.asarray(model.predict(scored, num_threads=1))


def _xgboost(depth: int, rounds: int) -> Member:
    def fit_and_score(features: Matrix, labels: NDArray[np.bool_], scored: Matrix, seed: int) -> Matrix:
        parameters = {
            "objective": "binary:logistic",
            "learning_rate": 0.03,
            "max_depth": depth,
            "min_child_weight": 8,
            "colsample_bytree": 0.6,
            "subsample": 0.7,
            "reg_lambda": 5,
            "nthread": 1,
            "seed": seed,
        }
        model = xgb.train(parameters, xgb.DMatrix(features, labels, nthread=1), rounds)
        return np.asarray(model.inplace_predict(scored), dtype=np.float64)

    return fit_and_score


def _extra_trees(features: Matrix, labels: NDArray[np.bool_], scored: Matrix, seed: int) -> Matrix:
    trees = ExtraTreesClassifier(40, min_samples_leaf=3, max_features=0.6, n_jobs=1, random_state=seed)
    return np.asarray(trees.fit(features, labels).predict_proba(scored))[:, 1]


_MEMBERS: Sequence[Member] = (_lightgbm, _xgboost(5, 180), _xgboost(6, 140), _extra_trees)
