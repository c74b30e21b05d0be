"""What the values of a feature look like: how many are unknown, where they lie, which are most frequent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

BINS = 24
_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
_MOST_FREQUENT = 5


@dataclass(frozen=True)
class Numbers:
    """Of n numbers: extremes, mean, the 5, 25, 50, 75 and 95 % quantiles (linear), and counts in ``BINS`` bins.

    The bins part the span from the 5 % below to the 5 % above; what lies outside is in the first and the last one.
    """

    least: float
    mean: float
    greatest: float
    quantiles: tuple[float, ...]
    histogram: tuple[int, ...]


@dataclass(frozen=True)
class Statistics:
    """Of one column: ``null_ratio`` (None without rows), and what its type allows: numbers, a span, frequent values."""

    null_ratio: float | None
    numbers: Numbers | None = None
    span: tuple[Any, Any] | None = None
    frequent: tuple[tuple[str, float], ...] = ()


def statistics_of(column: pa.ChunkedArray) -> Statistics:
    """Return a column's statistics: a list by its length, a boolean and a text by the shares of its values."""
    if not len(column):
        return Statistics(None)
    null_ratio = column.null_count / len(column)
    known = column.drop_null()
    if not len(known):
        return Statistics(null_ratio)
    if pa.types.is_list(known.type):
        known = pc.list_value_length(known)
    if pa.types.is_timestamp(known.type):
        span = pc.min_max(known).as_py()
        return Statistics(null_ratio, span=(span["min"], span["max"]))
    if pa.types.is_string(known.type) or pa.types.is_boolean(known.type):
        return Statistics(null_ratio, frequent=_frequent(known))
    return Statistics(null_ratio, numbers=_numbers(known.cast(pa.float64()).to_numpy()))


def _frequent(known: pa.ChunkedArray) -> tuple[tuple[str, float], ...]:
    counted = pc.value_counts(known).to_pylist()
    counted.sort(key=lambda each: (-each["counts"], str(each["values"])))
    return tuple((str(each["values"]), each["counts"] / len(known)) for each in counted[:_MOST_FREQUENT])


def _numbers(values: NDArray[np.float64]) -> Numbers:
    quantiles = np.quantile(values, _SHARES)
    low, high = quantiles[0], quantiles[-1]
    if low == high:
        low, high = values.min(), values.max()
    counts, _ = np.histogram(np.clip(values, low, high), BINS, (low, high if high > low else low + 1))
    return Numbers(
        least=float(values.min()),
        mean=float(values.mean()),
        greatest=float(values.max()),
        quantiles=tuple(map(float, quantiles)),
        histogram=tuple(map(int, counts)),
    )
