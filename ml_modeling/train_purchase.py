"""Training, evaluation and judgement of purchase prediction, from ``gold.session_training_rows``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from contracts.tables import SESSION_FEATURE_NAMES
from ml_modeling.calibration import calibration_bins
from ml_modeling.fairness import Fairness, fairness_reports
from ml_modeling.gate import Comparison, judge
from ml_modeling.paired_bootstrap import Difference, paired_auc_difference
from ml_modeling.purchase import AVERAGE
from ml_modeling.purchase_candidates import Candidate, candidates
from ml_modeling.purchase_champion import PurchaseChampion, compare_with_champion
from ml_modeling.slices import MIN_POSITIVE_SESSIONS, SliceMetrics, slice_metrics
from ml_modeling.trained_model import PURCHASE, TRAINED_UNTIL, TrainedModel
from ml_modeling.training_set import LabelledRows
from ml_modeling.tuning import Budget
from ml_modeling.verdict import Verdict

_TEST_SHARE = 0.2
_CART_ADDS = SESSION_FEATURE_NAMES.index("cart_add_count")
_CART_REMOVES = SESSION_FEATURE_NAMES.index("cart_remove_count")


@dataclass(frozen=True)
class PurchaseEvidence:
    """What was seen of a model on sessions later than those it was fitted on, for the gate and the model card."""

    test: LabelledRows
    probabilities: NDArray[np.float64]
    over_baseline: Difference
    comparison: Comparison
    slices: Sequence[SliceMetrics]
    fairness: Sequence[Fairness]


@dataclass(frozen=True)
class PurchaseTraining:
    """A model with the evidence on it, ``None`` where there was too little data to measure, and all candidates."""

    trained: TrainedModel
    chosen: Candidate
    evidence: PurchaseEvidence | None


def train_purchase(
    rows: LabelledRows, champion: PurchaseChampion | None = None, budget: Budget | None = None
) -> PurchaseTraining:
    """Fit LightGBM, XGBoost, a neural net and their average on the earlier sessions, and the best again on all rows.

    The best has the highest AUC on a validation slice, the latest fifth of the earlier sessions, on which each is
    tuned (with a ``budget``) and calibrated; all are measured on the latest fifth of all. ``baseline`` is the AUC
    of "has a cart"; the base rate's is 0.5.
    """
    earlier, later = rows.split_latest(_TEST_SHARE)
    competing = candidates(earlier if earlier.has_both_classes else rows, budget)
    best = max(competing, key=lambda candidate: candidate.validation_auc or 0.0)
    note, metrics, evidence = _too_little_to_measure(earlier, later), {}, None
    if not note:
        metrics, evidence = _measure(competing, best, later), _evidence(best, later, champion)
    trained = TrainedModel(
        name=PURCHASE,
        model=best.refit(rows),
        metric="auc",
        value=metrics.get("auc"),
        baseline=metrics.get("has_cart_auc"),
        metrics={**metrics, **_sizes(rows, later)},
        params=_params(competing, best, rows),
        note=note,
        verdict=_verdict(evidence),
    )
    return PurchaseTraining(trained, best, evidence)


def _evidence(best: Candidate, test: LabelledRows, champion: PurchaseChampion | None) -> PurchaseEvidence:
    probabilities = best.predict(test.features)
    as_many_as_buy = float(np.quantile(probabilities, 1 - test.labels.mean()))
    return PurchaseEvidence(
        test,
        probabilities,
        over_baseline=paired_auc_difference(test, probabilities, _has_cart(test)),
        comparison=compare_with_champion(test, probabilities, champion),
        slices=slice_metrics(test, probabilities),
        fairness=fairness_reports(test, probabilities, as_many_as_buy),
    )


def _verdict(evidence: PurchaseEvidence | None) -> Verdict:
    if evidence is None:
        return judge({}, Comparison())
    return judge({"the baseline": evidence.over_baseline}, evidence.comparison, evidence.fairness)


def _too_little_to_measure(earlier: LabelledRows, later: LabelledRows) -> str:
    positive = len(np.unique(later.sessions[later.labels]))
    if not earlier.has_both_classes or not later.has_both_classes or positive < MIN_POSITIVE_SESSIONS:
        return (
            f"{positive} later sessions with an order to predict: "
            f"at least {MIN_POSITIVE_SESSIONS} are needed to measure, and earlier ones to learn from"
        )
    return ""


def _measure(competing: Sequence[Candidate], best: Candidate, test: LabelledRows) -> dict[str, float]:
    scores = {f"{candidate.algorithm}_": candidate.predict(test.features) for candidate in competing}
    probabilities = scores[f"{best.algorithm}_"]
    scores |= {"": probabilities, "has_cart_": _has_cart(test), "base_rate_": np.zeros(len(test))}
    ranks = {name: value for prefix, score in scores.items() for name, value in _ranks(prefix, test, score).items()}
    return {**ranks, "calibration_error": calibration_bins(test.labels, probabilities).expected_error}


def _has_cart(rows: LabelledRows) -> NDArray[np.float64]:
    return np.asarray(rows.features[:, _CART_ADDS] > rows.features[:, _CART_REMOVES], dtype=np.float64)


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


def _params(competing: Sequence[Candidate], best: Candidate, rows: LabelledRows) -> dict[str, Any]:
    params: dict[str, Any] = {"algorithm": best.algorithm, "features": ",".join(SESSION_FEATURE_NAMES)}
    params[TRAINED_UNTIL] = str(rows.starts.max())
    for candidate in competing:
        params[f"{candidate.algorithm}_validation_auc"] = candidate.validation_auc
        if candidate.algorithm != AVERAGE:
            (recipe,) = candidate.recipes
            params[f"{candidate.algorithm}_rounds"] = recipe.rounds
            params |= {f"{candidate.algorithm}_{name}": value for name, value in recipe.tuned.items()}
    return params
