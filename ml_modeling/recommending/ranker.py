"""The second stage: LightGBM's LambdaRank (Burges 2010, "From RankNet to LambdaRank to LambdaMART") over candidates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from ml_modeling.fitting import SEED
from ml_modeling.recommending.candidate_features import FEATURES
from ml_modeling.recommending.ranking_rows import RankingRows

ROUNDS = 200
PARAMS: dict[str, Any] = {
    "objective": "lambdarank",
    "learning_rate": 0.08,
    "num_leaves": 31,
    "min_child_samples": 50,
    "lambdarank_truncation_level": 20,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "seed": SEED,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
_FILE = "ranker.txt"


class Ranker:
    """A fitted ranking: features in, scores out; a higher one comes first."""

    def __init__(self, booster: lgb.Booster) -> None:
        self._booster = booster

    @classmethod
    def fit(cls, rows: RankingRows) -> Ranker:
        """Learn from cases; the same rows give the same ranking."""
        dataset = lgb.Dataset(rows.features, rows.labels, group=rows.groups, feature_name=list(FEATURES))
        return cls(lgb.train(PARAMS, dataset, num_boost_round=ROUNDS))

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return a score for each row of ``FEATURES``."""
        # One thread: for the few rows of a request, starting more costs more than they save.
        return np.asarray(self._booster.predict(features, num_threads=1), dtype=np.float64)

    def save(self, directory: Path) -> None:
        """Write LightGBM's text format."""
        self._booster.save_model(directory / _FILE)

    @classmethod
    def load(cls, directory: Path) -> Ranker:
        """Read what ``save`` wrote."""
        return cls(lgb.Booster(model_file=str(directory / _FILE)))
