"""The models that compete for purchase prediction: each algorithm, and the average of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from ml_modeling.average import Average
from ml_modeling.calibration import UNCALIBRATED, PlattScaling, fit_platt
from ml_modeling.fitting import DEFAULT_ROUNDS, Fitting
from ml_modeling.purchase import AVERAGE, FITTED_MODULES, Classifier, PurchaseModel
from ml_modeling.shapley import background_of
from ml_modeling.training_set import LabelledRows
from ml_modeling.tuning import Budget, tuned_parameters

_VALIDATION_SHARE = 0.2


@dataclass(frozen=True)
class Recipe:
    """How to fit one algorithm again on other rows."""

    algorithm: str
    rounds: int
    tuned: Mapping[str, Any]

    def fit(self, rows: LabelledRows) -> Classifier:
        """Fit on all of ``rows``."""
        return _fitting(self.algorithm).fit(rows, self.rounds, self.tuned)


@dataclass(frozen=True)
class Candidate:
    """One competitor; ``recipes`` are those of its parts, ``validation_auc`` is ``None`` where it was not measured."""

    algorithm: str
    classifier: Classifier
    recipes: Sequence[Recipe]
    validation_auc: float | None
    calibration: PlattScaling

    def predict(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the calibrated probability of each row."""
        return self.calibration.apply(self.classifier.predict(features))

    def refit(self, rows: LabelledRows) -> PurchaseModel:
        """Fit the same again on all of ``rows``, keeping the calibration."""
        parts = [recipe.fit(rows) for recipe in self.recipes]
        classifier = Average(parts) if self.algorithm == AVERAGE else parts[0]
        background = background_of(rows.features)
        return PurchaseModel(self.algorithm, classifier, float(rows.labels.mean()), self.calibration, background)


def candidates(rows: LabelledRows, budget: Budget | None) -> list[Candidate]:
    """Fit every algorithm on the earlier sessions of ``rows``; the latest fifth tunes, stops and calibrates them.

    Without both labels on both sides, each is fitted for a fixed number of rounds, and nothing else.
    """
    fitted, validation = rows.split_latest(_VALIDATION_SHARE)
    if not (fitted.has_both_classes and validation.has_both_classes):
        recipes = [Recipe(algorithm, DEFAULT_ROUNDS, {}) for algorithm in FITTED_MODULES]
        return [Candidate(each.algorithm, each.fit(rows), [each], None, UNCALIBRATED) for each in recipes]
    alone = [_validated(algorithm, fitted, validation, budget) for algorithm in FITTED_MODULES]
    average = Average([candidate.classifier for candidate in alone])
    recipes = [recipe for candidate in alone for recipe in candidate.recipes]
    return [*alone, _calibrated(AVERAGE, average, recipes, validation)]


def _validated(algorithm: str, fitted: LabelledRows, validation: LabelledRows, budget: Budget | None) -> Candidate:
    fitting = _fitting(algorithm)
    tuned = tuned_parameters(fitting, fitted, validation, budget) if budget else {}
    classifier, rounds = fitting.fit_early_stopped(fitted, validation, tuned)
    return _calibrated(algorithm, classifier, [Recipe(algorithm, rounds, tuned)], validation)


def _calibrated(
    algorithm: str, classifier: Classifier, recipes: Sequence[Recipe], validation: LabelledRows
) -> Candidate:
    scores = classifier.predict(validation.features)
    auc = float(roc_auc_score(validation.labels, scores))
    return Candidate(algorithm, classifier, recipes, auc, fit_platt(scores, validation.labels))


def _fitting(algorithm: str) -> Fitting:
    return cast(Fitting, import_module(FITTED_MODULES[algorithm]))
