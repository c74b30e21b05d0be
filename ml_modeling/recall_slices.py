"""How well a recommender finds the next product on parts of the cases: visitors, devices, countries, products."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_modeling.next_products import BrowsedSessions, NextProducts

# The standard error of a share of 30 is at most 0.09.
MIN_SLICE_SESSIONS = 30
_POPULAR_SHARE = 0.2


@dataclass(frozen=True)
class RecallSlice:
    """One part of the cases, with the recall of the model and of a baseline, ``None`` where it has too few sessions."""

    kind: str
    value: str
    cases: int
    recall: float | None
    baseline_recall: float | None


def recall_slices(
    cases: NextProducts, earlier: BrowsedSessions, found: NDArray[np.float64], baseline_found: NDArray[np.float64]
) -> list[RecallSlice]:
    """Measure each slice; ``found`` and ``baseline_found`` hold 1 for a case whose right product was in the list."""
    return [
        _measured(
            kind, str(value), cases.sessions[values == value], found[values == value], baseline_found[values == value]
        )
        for kind, values in _slices_of(cases, earlier).items()
        for value in np.unique(values)
    ]


def _slices_of(cases: NextProducts, earlier: BrowsedSessions) -> Mapping[str, NDArray[np.str_]]:
    lengths = np.array([len(seen) for seen in cases.seen])
    bounds, names = [lengths == 1, lengths == 2, lengths <= 5], ["1", "2", "3 to 5"]
    return {
        "products seen": np.select(bounds, names, "6 and more"),
        "next product": _popularity_of(cases.right, earlier),
        **cases.attributes,
    }


def _popularity_of(products: Sequence[str], earlier: BrowsedSessions) -> NDArray[np.str_]:
    """Say of each whether it is of the fifth of all products that was seen most, another one, or was never seen."""
    sightings = Counter(product for basket in earlier.baskets for product in basket)
    ordered = [product for product, _ in sorted(sightings.items(), key=lambda item: (-item[1], item[0]))]
    popular = set(ordered[: round(_POPULAR_SHARE * len(ordered))])
    return np.array(
        ["popular" if each in popular else "others" if each in sightings else "never seen" for each in products]
    )


def _measured(
    kind: str,
    value: str,
    sessions: NDArray[np.int64],
    found: NDArray[np.float64],
    baseline_found: NDArray[np.float64],
) -> RecallSlice:
    if len(np.unique(sessions)) < MIN_SLICE_SESSIONS:
        return RecallSlice(kind, value, len(found), None, None)
    return RecallSlice(kind, value, len(found), float(found.mean()), float(baseline_found.mean()))
