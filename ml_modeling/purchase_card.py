"""The model card of purchase prediction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np

from contracts.tables import GOLD_SESSION_TRAINING_ROWS, SESSION_FEATURE_NAMES
from ml_modeling.calibration import calibration_bins
from ml_modeling.card_page import card_of
from ml_modeling.fairness import MAX_ODDS_DIFFERENCE
from ml_modeling.fitting import SEED
from ml_modeling.plotting import Plot
from ml_modeling.purchase_explanation import shap_values
from ml_modeling.purchase_plots import calibration_plot, gain_plot, shap_plot, slices_plot
from ml_modeling.slices import MIN_POSITIVE_SESSIONS
from ml_modeling.train_purchase import PurchaseEvidence, PurchaseTraining
from ml_modeling.trained_model import ModelCard, TrainedModel

_SHAP_ROWS = 100
_TEMPLATE = "purchase_card.html.j2"


def purchase_card(training: PurchaseTraining, trained: TrainedModel, made_at: datetime) -> ModelCard:
    """Return the card of a model; without evidence it says why there is none."""
    evidence = training.evidence
    return card_of(
        _TEMPLATE,
        trained,
        _plots(training, evidence) if evidence else [],
        made_at,
        evidence=evidence,
        features=_feature_meanings(),
        max_odds_difference=MAX_ODDS_DIFFERENCE,
        min_positive_sessions=MIN_POSITIVE_SESSIONS,
    )


def _plots(training: PurchaseTraining, evidence: PurchaseEvidence) -> list[Plot]:
    labels, probabilities, features = evidence.test.labels, evidence.probabilities, evidence.test.features
    chosen = np.random.default_rng(SEED).choice(len(features), min(_SHAP_ROWS, len(features)), replace=False)
    values, _ = shap_values(training.chosen.predict, features[chosen], features)
    plots = [
        calibration_plot(calibration_bins(labels, probabilities)),
        gain_plot(labels, probabilities),
        shap_plot(SESSION_FEATURE_NAMES, values, features[chosen]),
    ]
    if any(each.auc for each in evidence.slices):
        plots.append(slices_plot(evidence.slices, training.trained.metrics["auc"]))
    return plots


def _feature_meanings() -> Mapping[str, str]:
    columns = {column.name: column.doc for column in GOLD_SESSION_TRAINING_ROWS.columns}
    return {name: columns[name] for name in SESSION_FEATURE_NAMES}
