"""The second stage: LightGBM's LambdaRank (Burges 2010, "From RankNet to LambdaRank to LambdaMART") over candidates."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml_modeling.fitting import SEED
from ml_modeling.recommending.candidate_features import FEATURES
from ml_modeling.recommending.ranking_rows import RankingRows
from ml_modeling.recommending.stored import arrays_of, read_arrays
from ml_modeling.recommending.tree_scores import Trees, tree_scores, trees_of

if TYPE_CHECKING:
    import lightgbm as lgb

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
_FILE, _TREES_FILE = "ranker.txt", "ranker.npz"
_DIGEST_FILE = "ranker.sha256"


class Ranker:
    """A fitted ranking: features in, scores out; a higher one comes first.

    Its compiled ``trees`` score. LightGBM, whose import takes a second and 100 MB, reads ``text``, its own form of the
    same trees, where it is asked for more.
    """

    def __init__(self, text: str, trees: Trees) -> None:
        self._text = text
        self._trees = trees

    @classmethod
    def fit(cls, rows: RankingRows) -> Ranker:
        """Learn from cases; the same rows give the same ranking."""
        import lightgbm as lgb  # noqa: PLC0415 - not for the model server, which never fits

        dataset = lgb.Dataset(rows.features, rows.labels, group=rows.groups, feature_name=list(FEATURES))
        rounds = min(max(len(rows.groups) // _CASES_PER_ROUND, _MIN_ROUNDS), MAX_ROUNDS)
        booster = lgb.train(PARAMS, dataset, num_boost_round=rounds)
        return cls(booster.model_to_string(), trees_of(booster))

    @property
    def rounds(self) -> int:
        """How many trees it has."""
        return len(self._trees.leaves)

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
        """Write LightGBM's text format, the compiled trees, and a digest of both."""
        (directory / _FILE).write_text(self._text, encoding="utf-8")
        trees: dict[str, Any] = {**arrays_of(self._trees)}
        np.savez(directory / _TREES_FILE, **trees)
        (directory / _DIGEST_FILE).write_text(_digest(directory), encoding="ascii")

    @classmethod
    def load(cls, directory: Path) -> Ranker:
        """Read what ``save`` wrote; raises ``ValueError`` where it is not that."""
        if _digest(directory) != (directory / _DIGEST_FILE).read_text(encoding="ascii"):
            msg = f"{_FILE} or {_TREES_FILE} is not what was saved: the digest is another"
            raise ValueError(msg)
        with np.load(directory / _TREES_FILE, allow_pickle=False) as stored:
            trees = read_arrays(Trees, stored)
        return cls((directory / _FILE).read_text(encoding="utf-8"), trees)

    @cached_property
    def _booster(self) -> lgb.Booster:
        import lightgbm as lgb  # noqa: PLC0415 - as said above

        return lgb.Booster(model_str=self._text)


def _digest(directory: Path) -> str:
    return sha256(b"".join((directory / file).read_bytes() for file in (_FILE, _TREES_FILE))).hexdigest()
