"""Scoring of purchase prediction: the probability that an order still follows in the session.

Loads numpy only; the library of the stored classifier is imported when a model is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from contracts.errors import ModelRefusedError, NotReadyError
from contracts.tables import SESSION_FEATURE_NAMES
from ml_modeling.calibration import UNCALIBRATED, PlattScaling
from ml_modeling.contributions import Contributions, contributions_of
from ml_modeling.shapley import shapley_values

# Algorithm → the module that fits, loads and saves it, see ``ml_modeling.fitting.Fitting``.
FITTED_MODULES = {
    "lightgbm": "ml_modeling.lightgbm_booster",
    "xgboost": "ml_modeling.xgboost_booster",
    "neural_net": "ml_modeling.neural_net",
}
AVERAGE = "average"
_LOADED_MODULES = {**FITTED_MODULES, AVERAGE: "ml_modeling.average"}
_DESCRIPTION_FILE = "purchase.json"
_BROKEN_FILES = (OSError, EOFError, ValueError, KeyError, BadZipFile)


class Classifier(Protocol):
    """A fitted model of one of the algorithms."""

    def predict(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of each row."""
        ...

    def save(self, directory: Path) -> None:
        """Write the model in its library's own format."""
        ...


def _no_rows() -> NDArray[np.float64]:
    return np.empty((0, len(SESSION_FEATURE_NAMES)))


@dataclass(frozen=True)
class PurchaseModel:
    """A classifier over ``SESSION_FEATURE_NAMES``; ``base_rate`` is the share of positive training rows.

    ``background`` (m × features) are rows that it learned from, to explain a prediction by how it differs from them.
    """

    algorithm: str
    classifier: Classifier
    base_rate: float
    calibration: PlattScaling = UNCALIBRATED
    background: NDArray[np.float64] = field(default_factory=_no_rows, compare=False)

    @classmethod
    def load(cls, directory: Path) -> PurchaseModel:
        """Read a model that ``save`` wrote.

        Raises ``ModelRefusedError`` where files are missing or broken, or where it was trained on other features.
        """
        try:
            return cls._read(directory)
        except _BROKEN_FILES as error:
            msg = f"the purchase model's files cannot be used: {type(error).__name__}: {error}"
            raise ModelRefusedError(msg) from error

    @classmethod
    def _read(cls, directory: Path) -> PurchaseModel:
        stored = json.loads((directory / _DESCRIPTION_FILE).read_text(encoding="utf-8"))
        if tuple(stored["features"]) != SESSION_FEATURE_NAMES:
            msg = f"the model was trained on {stored['features']}: expected {list(SESSION_FEATURE_NAMES)}"
            raise ValueError(msg)
        # Models of before there were digests have none.
        _require_as_saved(directory, stored.get("digests", {}))
        classifier = import_module(_LOADED_MODULES[stored["algorithm"]]).load(directory)
        # Models of before probabilities were calibrated have none.
        calibration = PlattScaling(**stored.get("calibration", {}))
        # Models of before predictions were explained have none; null is a missing value.
        background = np.array(stored.get("background", []), dtype=np.float64).reshape(-1, len(SESSION_FEATURE_NAMES))
        return cls(stored["algorithm"], classifier, stored["base_rate"], calibration, background)

    def save(self, directory: Path) -> None:
        """Write classifier and description: the same model gives the same bytes."""
        self.classifier.save(directory)
        description = {
            "algorithm": self.algorithm,
            "base_rate": self.base_rate,
            "calibration": asdict(self.calibration),
            "background": [[None if np.isnan(value) else value for value in row] for row in self.background.tolist()],
            "features": SESSION_FEATURE_NAMES,
            "digests": {file.name: _digest(file) for file in sorted(directory.iterdir())},
        }
        (directory / _DESCRIPTION_FILE).write_text(json.dumps(description, indent=2), encoding="utf-8")

    def predict(self, sessions: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
        """Return the probability of each session's features; ``None`` is a missing value."""
        return self.predict_matrix(_matrix(sessions))

    def contributions(self, session: Mapping[str, Any]) -> Contributions:
        """Return what each feature adds to the mean probability of ``background``.

        Raises ``NotReadyError`` where the model was saved without it.
        """
        if not len(self.background):
            msg = "the model was saved without rows to compare with: run `aisle train purchase`"
            raise NotReadyError(msg)
        [row] = _matrix([session])
        base, added = shapley_values(self.predict_matrix, row, self.background)
        return contributions_of(base, SESSION_FEATURE_NAMES, row, added)

    def predict_matrix(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of each row of an n × features matrix, NaN where missing."""
        return self.calibration.apply(self.classifier.predict(features))


def _matrix(sessions: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
    return np.array([[session[name] for name in SESSION_FEATURE_NAMES] for session in sessions], dtype=np.float64)


def _require_as_saved(directory: Path, digests: Mapping[str, str]) -> None:
    """Raise ``ValueError`` where a file is another: LightGBM and XGBoost end the process on one that is cut."""
    for name, digest in digests.items():
        if _digest(directory / name) != digest:
            msg = f"{name} is not what was saved: its digest is another"
            raise ValueError(msg)


def _digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()
