"""What every algorithm of purchase prediction is given alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ml_modeling.purchase import Classifier
from ml_modeling.training_set import LabelledRows

SEED = 7
# More threads gain little on this size, and spin for seconds where the cores are busy.
THREADS = 1
LEARNING_RATE = 0.1
MAX_ROUNDS = 300
EARLY_STOPPING_ROUNDS = 20
# Where there is nothing to stop early on.
DEFAULT_ROUNDS = 50


@dataclass(frozen=True)
class Range:
    """The values that tuning may give a parameter: whole numbers where ``low`` is one, spread by ratio if ``log``."""

    low: float
    high: float
    log: bool = False


class Fitting(Protocol):
    """What the module of an algorithm offers beside ``load``; ``tuned`` overrides the algorithm's own ``PARAMS``."""

    PARAMS: Mapping[str, Any]
    SEARCHED: Mapping[str, Range]

    def fit(self, rows: LabelledRows, rounds: int, tuned: Mapping[str, Any] = ...) -> Classifier:
        """Fit a fixed number of rounds."""
        ...

    def fit_early_stopped(
        self, rows: LabelledRows, validation: LabelledRows, tuned: Mapping[str, Any] = ...
    ) -> tuple[Classifier, int]:
        """Fit until the AUC on ``validation`` stops growing; return the model and its best number of rounds."""
        ...
