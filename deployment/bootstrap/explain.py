"""Wires the explanation of one decision: the champion from MLflow, the visitor from Redis, other rows from the lake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from contracts import Clock
from contracts.errors import NotReadyError, UnknownNameError
from contracts.tables import SESSION_FEATURE_NAMES
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.live import build_live_features
from deployment.bootstrap.pinned_tables import PinnedTables
from deployment.bootstrap.train import build_model_versions, purchase_rows
from deployment.settings import Settings
from ml_modeling.purchase import PurchaseModel
from ml_modeling.trained_model import PURCHASE

if TYPE_CHECKING:
    from ml_modeling.purchase_explanation import Explanation


@dataclass(frozen=True)
class ExplainedVisit:
    """A session's features, by name, with NaN for a missing one, and what the champion makes of them.

    ``probability_before`` is that without the changes that were asked for, ``None`` where none were.
    """

    session_id: str
    version: str
    features: Mapping[str, float]
    explanation: Explanation
    probability_before: float | None


def explain_purchase(settings: Settings, clock: Clock, visitor: str, changes: Mapping[str, float]) -> ExplainedVisit:
    """Explain the prediction for a visitor's last session, with ``changes`` made to its features.

    Raises ``UnknownNameError`` where nothing is known of the visitor, and ``NotReadyError`` without a champion.
    """
    session_id, features = _session(settings, visitor)
    found = build_model_versions(settings).load_champion(PURCHASE, PurchaseModel.load)
    if found is None:
        msg = "no purchase model is registered: run `aisle train purchase`"
        raise NotReadyError(msg)
    summary, model = found
    changed = {**features, **changes}
    background = purchase_rows(PinnedTables(ArrowLake(settings.lake)), clock).features
    explanation = import_module("ml_modeling.purchase_explanation").explain(
        model.predict_matrix, _row(changed), background
    )
    before = float(model.predict_matrix(_row(features)[None, :])[0]) if changes else None
    return ExplainedVisit(session_id, summary.version, changed, explanation, before)


def _session(settings: Settings, visitor: str) -> tuple[str, Mapping[str, float]]:
    features = build_live_features(settings).last_session(visitor)
    if features is None:
        msg = f"nothing is known online of visitor {visitor!r}: expected one with an event in the last 90 days"
        raise UnknownNameError(msg)
    return features["session_id"], {name: _as_float(features[name]) for name in SESSION_FEATURE_NAMES}


def _as_float(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _row(features: Mapping[str, float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([features[name] for name in SESSION_FEATURE_NAMES], dtype=np.float64)
