"""How well a recommender finds the next product on parts of the cases: visitors, devices, countries, products."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_modeling.estimates import Estimate, mean_estimate
from ml_modeling.next_products import BrowsedSessions, NextProducts
from ml_modeling.recommending.product_facts import ProductFacts
from ml_modeling.slices import price_levels

# The standard error of a share of 30 is at most 0.09.
MIN_SLICE_SESSIONS = 30
_POPULAR_SHARE = 0.2
_MOST_CATEGORIES = 8
_UNKNOWN = ProductFacts("")


@dataclass(frozen=True)
class RecallSlice:
    """One part of the cases, with the recall of the model and of a baseline, ``None`` where it has too few sessions."""

    kind: str
    value: str
    cases: int
    recall: Estimate | None
    baseline_recall: float | None


def recall_slices(
    cases: NextProducts,
    earlier: BrowsedSessions,
    found: NDArray[np.float64],
    baseline_found: NDArray[np.float64],
    facts: Mapping[str, ProductFacts],
) -> list[RecallSlice]:
    """Measure each slice; ``found`` and ``baseline_found`` hold 1 for a case whose right product was in the list.

    ``facts`` are what the shop says of products, by their ids: by category and price level only where it says any.
    """
    return [
        _measured(
            kind, str(value), cases.sessions[values == value], found[values == value], baseline_found[values == value]
        )
        for kind, values in _slices_of(cases, earlier, facts).items()
        for value in np.unique(values)
    ]


def _slices_of(
    cases: NextProducts, earlier: BrowsedSessions, facts: Mapping[str, ProductFacts]
) -> Mapping[str, NDArray[np.str_]]:
    lengths = np.array([len(seen) for seen in cases.seen])
    bounds, names = [lengths == 1, lengths == 2, lengths <= 5], ["1", "2", "3 to 5"]
    return {
        "products seen": np.select(bounds, names, "6 and more"),
        "earlier sessions": np.array(["some" if past else "none" for past in cases.past]),
        "next product": _popularity_of(cases.right, earlier),
        **(_said_of([facts.get(product, _UNKNOWN) for product in cases.right]) if facts else {}),
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


def _said_of(products: Sequence[ProductFacts]) -> Mapping[str, NDArray[np.str_]]:
    """Return the category of each, the first step of its path, one of the most frequent, and its price level."""
    categories = np.array([(each.category or "unknown").split(".")[0] for each in products])
    names, counts = np.unique(categories, return_counts=True)
    frequent = names[np.argsort(-counts, kind="stable")[:_MOST_CATEGORIES]]
    prices = np.array([np.nan if each.price is None else each.price for each in products])
    return {
        "category": np.where(np.isin(categories, frequent), categories, "others"),
        "price level": price_levels(prices),
    }


def _measured(
    kind: str,
    value: str,
    sessions: NDArray[np.int64],
    found: NDArray[np.float64],
    baseline_found: NDArray[np.float64],
) -> RecallSlice:
    if len(np.unique(sessions)) < MIN_SLICE_SESSIONS:
        return RecallSlice(kind, value, len(found), None, None)
    return RecallSlice(kind, value, len(found), mean_estimate(sessions, found), float(baseline_found.mean()))
