"""The second stage: LightGBM's LambdaRank (Burges 2010, "From RankNet to LambdaRank to LambdaMART") over candidates."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from ml_modeling.fitting import SEED
from ml_modeling.recommending.candidate_features import FEATURES
from ml_modeling.recommending.ranking_rows import RankingRows
from ml_modeling.recommending.tree_scores import tree_scores, trees_of

MAX_ROUNDS = 200
# Fewer cases would teach as many trees their accidents.
_CASES_PER_ROUND = 50
_MIN_ROUNDS = 20
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
_DIGEST_FILE = "ranker.sha256"


class Ranker:
    """A fitted ranking: features in, scores out; a higher one comes first."""

    def __init__(self, booster: lgb.Booster) -> None:
        self._booster = booster
        self._trees = trees_of(booster)

    @classmethod
    def fit(cls, rows: RankingRows) -> Ranker:
        """Learn from cases; the same rows give the same ranking."""
        dataset = lgb.Dataset(rows.features, rows.labels, group=rows.groups, feature_name=list(FEATURES))
        rounds = min(max(len(rows.groups) // _CASES_PER_ROUND, _MIN_ROUNDS), MAX_ROUNDS)
        return cls(lgb.train(PARAMS, dataset, num_boost_round=rounds))

    @property
    def rounds(self) -> int:
        """How many trees it has."""
        return int(self._booster.num_trees())

    @property
    def gains(self) -> NDArray[np.float64]:
        """How much each of ``FEATURES`` improves the ranking: its share of the splits' gain."""
        gains = self._booster.feature_importance("gain")
        return np.asarray(gains / max(gains.sum(), np.finfo(float).tiny), dtype=np.float64)

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return a score for each row of ``FEATURES``."""
        return tree_scores(features, self._trees)

    def contributions(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the SHAP values of each row and feature: a row's sum to its score, less the mean score."""
        values = np.asarray(self._booster.predict(features, num_threads=1, pred_contrib=True), dtype=np.float64)
        return values[:, :-1]

    def save(self, directory: Path) -> None:
        """Write LightGBM's text format, and its digest."""
        self._booster.save_model(directory / _FILE)
        (directory / _DIGEST_FILE).write_text(_digest(directory / _FILE), encoding="ascii")

    @classmethod
    def load(cls, directory: Path) -> Ranker:
        """Read what ``save`` wrote; raises ``ValueError`` where it is not that."""
        # On a text that is cut, LightGBM ends the process.
        if _digest(directory / _FILE) != (directory / _DIGEST_FILE).read_text(encoding="ascii"):
            msg = f"{_FILE} is not what was saved: its digest is another"
            raise ValueError(msg)
        return cls(lgb.Booster(model_file=str(directory / _FILE)))


def _digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()
