"""UCI Online Shoppers: the rows, what is computed from a row alone, and what is learned of a training part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "June", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_VISITORS = ("Returning_Visitor", "New_Visitor", "Other")
_PAGE_KINDS = ("Administrative", "Informational", "ProductRelated")
_LABEL = "Revenue"
# Rows of training that a category's mean counts for, beside its own.
_SMOOTHING = 30
_ENCODING_FOLDS = 5
# Keys whose mean label in the training part is a feature.
_TARGET_ENCODED = (
    ("TrafficType",),
    ("Month",),
    ("TrafficType", "Month"),
    ("OperatingSystems", "Browser"),
    ("Region", "Month"),
    ("VisitorType", "TrafficType"),
    ("Browser", "TrafficType"),
)
# Keys whose number of other rows in the training part is a feature: how common a setting, or an exact value, is.
_COUNTED = (
    ("OperatingSystems", "Browser", "Region", "TrafficType"),
    ("OperatingSystems", "Browser", "TrafficType", "VisitorType"),
    ("Region", "TrafficType", "Month"),
    ("Browser", "Month"),
    ("OperatingSystems", "Browser", "Region", "TrafficType", "Month", "VisitorType", "Weekend"),
    ("ExitRates",),
    ("BounceRates",),
    ("ProductRelated_Duration",),
    ("PageValues",),
    ("ProductRelated", "Administrative", "Informational"),
    ("ExitRates", "BounceRates", "ProductRelated"),
    ("ExitRates", "BounceRates"),
    ("ExitRates", "ProductRelated"),
    ("ProductRelated", "ProductRelated_Duration"),
    ("BounceRates", "ProductRelated"),
    ("Administrative_Duration", "Informational_Duration"),
    ("Administrative", "Administrative_Duration"),
)


@dataclass(frozen=True)
class Shoppers:
    """n sessions: ``plain`` columns as numbers, ``rich`` ones with ratios, labels, and codes of equal rows and keys.

    ``counted`` and ``encoded`` hold one column of codes a key.
    """

    plain: NDArray[np.float64]
    rich: NDArray[np.float64]
    labels: NDArray[np.bool_]
    equal_rows: NDArray[np.int64]
    counted: NDArray[np.int64]
    encoded: NDArray[np.int64]


def read_shoppers(path: Path, with_page_values: bool) -> Shoppers:
    """Read the file; without page values nothing that is made from them is there either."""
    table = pd.read_csv(path)
    labels = table.pop(_LABEL).to_numpy(dtype=bool)
    equal_rows = _codes(table, list(table.columns))
    table["Month"] = table["Month"].map({name: place for place, name in enumerate(_MONTHS)})
    table["VisitorType"] = table["VisitorType"].map({name: place for place, name in enumerate(_VISITORS)})
    table = table.astype(float)
    if not with_page_values:
        table = table.drop(columns="PageValues")
    counted = [list(key) for key in _COUNTED if set(key) <= set(table.columns)]
    return Shoppers(
        plain=table.to_numpy(),
        rich=_with_ratios(table).to_numpy(),
        labels=labels,
        equal_rows=equal_rows,
        counted=np.column_stack([_codes(table, key) for key in counted]),
        encoded=np.column_stack([_codes(table, list(key)) for key in _TARGET_ENCODED]),
    )


def learned_features(
    shoppers: Shoppers, train: NDArray[np.int64], others: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return rich features, counts and encodings of ``train`` and of ``others``, learned from ``train`` alone.

    A row of ``train`` does not count itself, and its encodings come from folds of ``train`` that it is not in.
    """
    parts = ([shoppers.rich[train]], [shoppers.rich[others]])
    for codes in shoppers.counted.T:
        counts = np.bincount(codes[train], minlength=codes.max() + 1)
        parts[0].append(np.log1p(counts[codes[train]] - 1)[:, None])
        parts[1].append(np.log1p(counts[codes[others]])[:, None])
    folds = StratifiedKFold(_ENCODING_FOLDS, shuffle=True, random_state=0)
    inner = list(folds.split(train, shoppers.labels[train]))
    for codes in shoppers.encoded.T:
        within = np.empty(len(train))
        for fitted, held_out in inner:
            within[held_out] = _means(codes, shoppers.labels, train[fitted])[codes[train[held_out]]]
        parts[0].append(within[:, None])
        parts[1].append(_means(codes, shoppers.labels, train)[codes[others]][:, None])
    return np.hstack(parts[0]), np.hstack(parts[1])


def _means(codes: NDArray[np.int64], labels: NDArray[np.bool_], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the smoothed mean label of each code over ``rows``."""
    size = codes.max() + 1
    positive, all_rows = np.bincount(codes[rows], labels[rows], size), np.bincount(codes[rows], minlength=size)
    return np.asarray((positive + _SMOOTHING * labels[rows].mean()) / (all_rows + _SMOOTHING))


def _codes(table: pd.DataFrame, columns: Sequence[str]) -> NDArray[np.int64]:
    return np.asarray(table.groupby(list(columns), sort=False).ngroup(), dtype=np.int64)


def _with_ratios(table: pd.DataFrame) -> pd.DataFrame:
    rich = table.copy()
    for kind in _PAGE_KINDS:
        rich[f"{kind}_s_per_page"] = table[f"{kind}_Duration"] / table[kind].clip(lower=1)
    pages = table[list(_PAGE_KINDS)].sum(axis=1)
    duration = table[[f"{kind}_Duration" for kind in _PAGE_KINDS]].sum(axis=1)
    rich["pages"], rich["duration"], rich["s_per_page"] = pages, duration, duration / pages.clip(lower=1)
    rich["product_duration_share"] = table["ProductRelated_Duration"] / duration.clip(lower=1)
    rich["product_page_share"] = table["ProductRelated"] / pages.clip(lower=1)
    rich["exit_minus_bounce"] = table["ExitRates"] - table["BounceRates"]
    rich["bounce_over_exit"] = table["BounceRates"] / table["ExitRates"].clip(lower=1e-6)
    rich["exits"], rich["bounces"] = table["ExitRates"] * pages, table["BounceRates"] * pages
    if "PageValues" in table:
        rich["value_of_pages"] = table["PageValues"] * pages
        rich["value_of_staying"] = table["PageValues"] * (1 - table["ExitRates"])
    return rich
