"""What the features of one answer add to it. Loads numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Contribution:
    """One feature: its value, NaN where it is missing, and what that adds."""

    feature: str
    value: float
    added: float


@dataclass(frozen=True)
class Contributions:
    """Shapley values of one answer: ``base`` and all that is added sum to it; ``features`` by size, largest first."""

    base: float
    features: Sequence[Contribution]


def contributions_of(
    base: float, names: Sequence[str], values: NDArray[np.floating], added: NDArray[np.float64]
) -> Contributions:
    """Return the contributions of features whose names, values and additions stand in the same order."""
    order = np.argsort(-np.abs(added), kind="stable").tolist()
    return Contributions(
        base, [Contribution(names[place], float(values[place]), float(added[place])) for place in order]
    )
