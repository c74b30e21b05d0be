"""Training and evaluation of purchase prediction, from ``gold.session_training_rows``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from contracts.tables import SESSION_FEATURE_NAMES
from ml_modeling.boosting import DEFAULT_ROUNDS
from ml_modeling.purchase import BOOSTER_MODULES, Booster, PurchaseModel
from ml_modeling.trained_model import PURCHASE, TrainedModel
from ml_modeling.training_set import LabelledRows

# The standard error of an AUC is about 0.29 / √positives (Hanley and McNeil 1982): 0.05 at this many.
MIN_POSITIVE_TEST_SESSIONS = 30
_TEST_SHARE = 0.2
_VALIDATION_SHARE = 0.2
_CART_ADDS = SESSION_FEATURE_NAMES.index("cart_add_count")
_CART_REMOVES = SESSION_FEATURE_NAMES.index("cart_remove_count")


@dataclass(frozen=True)
class _Candidate:
    algorithm: str
    booster: Booster
    rounds: int
    validation_auc: float | None


def train_purchase(rows: LabelledRows) -> TrainedModel:
    """Fit LightGBM and XGBoost on the earlier sessions, and the better of the two again on all rows.

    The better has the higher AUC on a validation slice, the latest fifth of the earlier sessions; both are
    measured on the latest fifth of all. ``baseline`` is the AUC of "has a cart"; the base rate's is 0.5.
    """
    earlier, later = rows.split_latest(_TEST_SHARE)
    candidates = _candidates(earlier if earlier.has_both_classes else rows)
    best = max(candidates, key=lambda candidate: candidate.validation_auc or 0.0)
    note, metrics = _too_little_to_measure(earlier, later), {}
    if not note:
        metrics = _measure(candidates, best, later)
    module = import_module(BOOSTER_MODULES[best.algorithm])
    return TrainedModel(
        name=PURCHASE,
        model=PurchaseModel(best.algorithm, module.fit(rows, best.rounds), float(rows.labels.mean())),
        metric="auc",
        value=metrics.get("auc"),
        baseline=metrics.get("has_cart_auc"),
        metrics={**metrics, **_sizes(rows, later)},
        params=_params(candidates, best),
        note=note,
    )


def _candidates(rows: LabelledRows) -> list[_Candidate]:
    """Fit each algorithm; without two classes on both sides of the validation split a fixed number of rounds."""
    fitted, validation = rows.split_latest(_VALIDATION_SHARE)
    can_stop_early = fitted.has_both_classes and validation.has_both_classes
    if not can_stop_early:
        return [_fit(algorithm, rows, None) for algorithm in BOOSTER_MODULES]
    return [_fit(algorithm, fitted, validation) for algorithm in BOOSTER_MODULES]


def _fit(algorithm: str, rows: LabelledRows, validation: LabelledRows | None) -> _Candidate:
    module = import_module(BOOSTER_MODULES[algorithm])
    if validation is None:
        return _Candidate(algorithm, module.fit(rows, DEFAULT_ROUNDS), DEFAULT_ROUNDS, None)
    booster, rounds = module.fit_early_stopped(rows, validation)
    auc = roc_auc_score(validation.labels, booster.predict(validation.features))
    return _Candidate(algorithm, booster, rounds, float(auc))


def _too_little_to_measure(earlier: LabelledRows, later: LabelledRows) -> str:
    positive = len(np.unique(later.sessions[later.labels]))
    if not earlier.has_both_classes or not later.has_both_classes or positive < MIN_POSITIVE_TEST_SESSIONS:
        return (
            f"{positive} later sessions with an order to predict: "
            f"at least {MIN_POSITIVE_TEST_SESSIONS} are needed to measure, and earlier ones to learn from"
        )
    return ""


def _measure(candidates: list[_Candidate], best: _Candidate, test: LabelledRows) -> dict[str, float]:
    has_cart = (test.features[:, _CART_ADDS] > test.features[:, _CART_REMOVES]).astype(np.float64)
    scores = {f"{candidate.algorithm}_": candidate.booster.predict(test.features) for candidate in candidates}
    scores |= {"": best.booster.predict(test.features), "has_cart_": has_cart}
    scores |= {"base_rate_": np.zeros(len(test))}
    return {name: value for prefix, score in scores.items() for name, value in _ranks(prefix, test, score).items()}


def _ranks(prefix: str, test: LabelledRows, scores: NDArray[np.float64]) -> Mapping[str, float]:
    return {
        f"{prefix}auc": float(roc_auc_score(test.labels, scores)),
        f"{prefix}average_precision": float(average_precision_score(test.labels, scores)),
    }


def _sizes(rows: LabelledRows, later: LabelledRows) -> dict[str, float]:
    return {
        "rows": len(rows),
        "sessions": len(np.unique(rows.sessions)),
        "test_rows": len(later),
        "test_sessions": len(np.unique(later.sessions)),
        "base_rate": float(rows.labels.mean()),
    }


def _params(candidates: list[_Candidate], best: _Candidate) -> dict[str, Any]:
    chosen = import_module(BOOSTER_MODULES[best.algorithm]).PARAMS
    aucs = {f"{candidate.algorithm}_validation_auc": candidate.validation_auc for candidate in candidates}
    return {**chosen, "algorithm": best.algorithm, "rounds": best.rounds, **aucs}
