"""How well a model does on parts of the rows: kinds of visitors, devices, countries, price levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contracts.tables import SESSION_FEATURE_NAMES
from ml_modeling.estimates import Estimate, auc_estimate
from ml_modeling.training_set import LabelledRows

# The standard error of an AUC is about 0.29 / √positives (Hanley and McNeil 1982): 0.05 at this many.
MIN_POSITIVE_SESSIONS = 30
_KNOWN = SESSION_FEATURE_NAMES.index("is_known_customer")
_PRICE = SESSION_FEATURE_NAMES.index("mean_viewed_price")


@dataclass(frozen=True)
class SliceMetrics:
    """One part of the rows; ``auc`` is ``None`` where it has too few sessions of either label to say."""

    kind: str
    value: str
    rows: int
    base_rate: float
    mean_probability: float
    auc: Estimate | None


def slices_of(rows: LabelledRows) -> Mapping[str, NDArray[np.str_]]:
    """Return for each kind of slice the value of each row: those of the sessions, the visitor's kind, price level."""
    known = np.where(rows.features[:, _KNOWN] > 0, "known", "new")
    return {"visitor": known, "price level": price_levels(rows.features[:, _PRICE]), **rows.attributes}


def slice_metrics(rows: LabelledRows, probabilities: NDArray[np.float64]) -> list[SliceMetrics]:
    """Measure each slice of ``rows``, in the order of their names."""
    return [
        _measured(kind, str(value), rows.where(values == value), probabilities[values == value])
        for kind, values in slices_of(rows).items()
        for value in np.unique(values)
    ]


def has_enough_of_both(rows: LabelledRows) -> bool:
    """Say whether at least ``MIN_POSITIVE_SESSIONS`` sessions have rows of either label."""
    sessions = (rows.sessions[rows.labels], rows.sessions[~rows.labels])
    return min(len(np.unique(each)) for each in sessions) >= MIN_POSITIVE_SESSIONS


def _measured(kind: str, value: str, part: LabelledRows, probabilities: NDArray[np.float64]) -> SliceMetrics:
    auc = auc_estimate(part, probabilities) if has_enough_of_both(part) else None
    base_rate, mean = float(part.labels.mean()), float(probabilities.mean())
    return SliceMetrics(kind, value, len(part), base_rate, mean, auc)


def price_levels(prices: NDArray[np.float64]) -> NDArray[np.str_]:
    """Say of each in which third of all it is: ``low``, ``middle`` or ``high``; ``none`` where it is missing."""
    if np.isnan(prices).all():
        return np.full(len(prices), "none")
    lower, upper = np.nanpercentile(prices, [100 / 3, 200 / 3])
    levels = np.select([prices <= lower, prices <= upper, prices > upper], ["low", "middle", "high"], "none")
    return np.asarray(levels)
