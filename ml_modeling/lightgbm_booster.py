"""LightGBM behind ``ml_modeling.purchase.Classifier``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from contracts.tables import SESSION_FEATURE_NAMES
from ml_modeling.fitting import EARLY_STOPPING_ROUNDS, LEARNING_RATE, MAX_ROUNDS, SEED, THREADS, Range
from ml_modeling.training_set import LabelledRows

_FILE = "lightgbm.txt"
PARAMS: dict[str, Any] = {
    "objective": "binary",
    "metric": "auc",
    "learning_rate": LEARNING_RATE,
    "num_leaves": 31,
    "min_child_samples": 20,
    "feature_fraction": 1.0,
    "lambda_l2": 0.0,
    "seed": SEED,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": THREADS,
    "verbosity": -1,
}
SEARCHED = {
    "num_leaves": Range(7, 63, log=True),
    "min_child_samples": Range(10, 200, log=True),
    "learning_rate": Range(0.03, 0.2, log=True),
    "feature_fraction": Range(0.5, 1.0),
    "lambda_l2": Range(0.0, 30.0),
}
_AS_THEY_ARE: Mapping[str, Any] = MappingProxyType({})


class LightgbmBooster:
    """A fitted LightGBM model."""

    def __init__(self, booster: lgb.Booster) -> None:
        self._booster = booster

    def predict(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of each row."""
        # One thread: for the few rows of a request, starting more costs more than they save.
        return np.asarray(self._booster.predict(features, num_threads=1), dtype=np.float64)

    def save(self, directory: Path) -> None:
        """Write LightGBM's text format."""
        self._booster.save_model(directory / _FILE)


def load(directory: Path) -> LightgbmBooster:
    """Read what ``save`` wrote."""
    return LightgbmBooster(lgb.Booster(model_file=str(directory / _FILE)))


def fit(rows: LabelledRows, rounds: int, tuned: Mapping[str, Any] = _AS_THEY_ARE) -> LightgbmBooster:
    """Fit a fixed number of rounds."""
    return LightgbmBooster(lgb.train({**PARAMS, **tuned}, _dataset(rows), num_boost_round=rounds))


def fit_early_stopped(
    rows: LabelledRows, validation: LabelledRows, tuned: Mapping[str, Any] = _AS_THEY_ARE
) -> tuple[LightgbmBooster, int]:
    """Fit until the AUC on ``validation`` stops growing; return the booster and its best number of rounds."""
    train = _dataset(rows)
    stopping = lgb.early_stopping(EARLY_STOPPING_ROUNDS, verbose=False)
    booster = lgb.train(
        {**PARAMS, **tuned},
        train,
        num_boost_round=MAX_ROUNDS,
        valid_sets=[lgb.Dataset(validation.features, validation.labels, reference=train)],
        callbacks=[stopping],
    )
    return LightgbmBooster(booster), booster.best_iteration


def _dataset(rows: LabelledRows) -> lgb.Dataset:
    return lgb.Dataset(rows.features, rows.labels, feature_name=list(SESSION_FEATURE_NAMES))
