"""The mean of several models' probabilities behind ``ml_modeling.purchase.Classifier``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml_modeling import lightgbm_booster, neural_net, xgboost_booster
from ml_modeling.purchase import Classifier

_MODULES = (lightgbm_booster, xgboost_booster, neural_net)


@dataclass(frozen=True)
class Average:
    """One member of each algorithm, all of the same weight."""

    members: Sequence[Classifier]

    def predict(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean probability of each row."""
        return np.asarray(np.mean([member.predict(features) for member in self.members], axis=0), dtype=np.float64)

    def save(self, directory: Path) -> None:
        """Write each member's own file; their names differ."""
        for member in self.members:
            member.save(directory)


def load(directory: Path) -> Average:
    """Read what ``save`` wrote."""
    return Average([module.load(directory) for module in _MODULES])
