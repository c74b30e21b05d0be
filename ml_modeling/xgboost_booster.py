"""XGBoost behind ``ml_modeling.purchase.Classifier``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from contracts.tables import SESSION_FEATURE_NAMES
from ml_modeling.fitting import EARLY_STOPPING_ROUNDS, LEARNING_RATE, MAX_ROUNDS, SEED, THREADS, Range
from ml_modeling.training_set import LabelledRows

_FILE = "xgboost.ubj"
PARAMS: dict[str, Any] = {
    "objective": "binary:logistic",
    "eval_metric": "auc",
    "learning_rate": LEARNING_RATE,
    "max_depth": 6,
    "min_child_weight": 5,
    "colsample_bytree": 1.0,
    "reg_lambda": 1.0,
    "tree_method": "hist",
    "seed": SEED,
    "nthread": THREADS,
    "verbosity": 0,
}
SEARCHED = {
    "max_depth": Range(3, 8),
    "min_child_weight": Range(1, 50, log=True),
    "learning_rate": Range(0.03, 0.2, log=True),
    "colsample_bytree": Range(0.5, 1.0),
    "reg_lambda": Range(0.1, 30.0, log=True),
}
_AS_THEY_ARE: Mapping[str, Any] = MappingProxyType({})


class XgboostBooster:
    """A fitted XGBoost model."""

    def __init__(self, booster: xgb.Booster) -> None:
        self._booster = booster
        self._booster.set_param({"nthread": 1})

    def predict(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of each row."""
        return np.asarray(self._booster.inplace_predict(features, validate_features=False), dtype=np.float64)

    def save(self, directory: Path) -> None:
        """Write XGBoost's binary JSON."""
        self._booster.save_model(directory / _FILE)


def load(directory: Path) -> XgboostBooster:
    """Read what ``save`` wrote."""
    return XgboostBooster(xgb.Booster(model_file=str(directory / _FILE)))


def fit(rows: LabelledRows, rounds: int, tuned: Mapping[str, Any] = _AS_THEY_ARE) -> XgboostBooster:
    """Fit a fixed number of rounds."""
    return XgboostBooster(xgb.train({**PARAMS, **tuned}, _matrix(rows), num_boost_round=rounds))


def fit_early_stopped(
    rows: LabelledRows, validation: LabelledRows, tuned: Mapping[str, Any] = _AS_THEY_ARE
) -> tuple[XgboostBooster, int]:
    """Fit until the AUC on ``validation`` stops growing; return the booster and its best number of rounds."""
    booster = xgb.train(
        {**PARAMS, **tuned},
        _matrix(rows),
        num_boost_round=MAX_ROUNDS,
        evals=[(_matrix(validation), "validation")],
        early_stopping_rounds=EARLY_STOPPING_ROUNDS,
        verbose_eval=False,
    )
    rounds = booster.best_iteration + 1
    # Unlike LightGBM, it would predict with the rounds after the best one too.
    return XgboostBooster(booster[:rounds]), rounds


def _matrix(rows: LabelledRows) -> xgb.DMatrix:
    return xgb.DMatrix(rows.features, rows.labels, feature_names=list(SESSION_FEATURE_NAMES), nthread=THREADS)
