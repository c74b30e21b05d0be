"""The purchase model in use, and how far a challenger is above it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contracts.errors import ModelRefusedError
from ml_modeling.gate import Comparison
from ml_modeling.model_versions import ModelVersions
from ml_modeling.paired_bootstrap import paired_auc_difference
from ml_modeling.purchase import PurchaseModel
from ml_modeling.slices import MIN_POSITIVE_SESSIONS, has_enough_of_both
from ml_modeling.trained_model import PURCHASE, TRAINED_UNTIL
from ml_modeling.training_set import LabelledRows

# Versions of before it was recorded: they are compared on all rows, which is to their advantage.
_NEVER = "1970-01-01"


@dataclass(frozen=True)
class PurchaseChampion:
    """The champion; it was fitted on sessions that started up to ``trained_until`` (UTC)."""

    version: str
    model: PurchaseModel
    trained_until: np.datetime64


def load_purchase_champion(versions: ModelVersions) -> PurchaseChampion | None:
    """Return the champion; ``None`` where there is none, or none that answers to today's features."""
    try:
        found = versions.load_champion(PURCHASE, PurchaseModel.load)
    except ModelRefusedError:
        return None
    if found is None:
        return None
    summary, model = found
    return PurchaseChampion(summary.version, model, np.datetime64(summary.params.get(TRAINED_UNTIL, _NEVER)))


def compare_with_champion(
    test: LabelledRows, probabilities: NDArray[np.float64], champion: PurchaseChampion | None
) -> Comparison:
    """Compare on the rows of ``test`` whose sessions neither has learned from: those after the champion's last."""
    if champion is None:
        return Comparison()
    unseen = test.starts > champion.trained_until
    rows = test.where(unseen)
    if not has_enough_of_both(rows):
        return Comparison(why_not=_too_few(rows, champion))
    theirs = champion.model.predict_matrix(rows.features)
    return Comparison(paired_auc_difference(rows, probabilities[unseen], theirs))


def _too_few(rows: LabelledRows, champion: PurchaseChampion) -> str:
    ordering, all_of_them = len(np.unique(rows.sessions[rows.labels])), len(np.unique(rows.sessions))
    return (
        f"version {champion.version} has learned from all but {all_of_them} of the test sessions, {ordering} of them "
        f"with an order to predict: {MIN_POSITIVE_SESSIONS} are needed to compare with it"
    )
