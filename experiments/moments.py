"""The sums over visitors that every estimate of an experiment is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# What is known of each visitor: the last axis of the values.
DENOMINATOR, NUMERATOR, COVARIATE = range(3)


@dataclass(frozen=True)
class Moments:
    """How many visitors there are, their sums and the sums of their products.

    ``count`` has any shape, such as () or resamples × looks; ``sums`` has one axis of 3 more, ``products`` two.
    """

    count: Array
    sums: Array
    products: Array

    @classmethod
    def of(cls, values: Array) -> Moments:
        """Return the moments of ``values``, visitors × 3."""
        return cls(np.asarray(len(values), np.float64), values.sum(axis=0), values.T @ values)

    @classmethod
    def stacked(cls, looks: Sequence[Moments]) -> Moments:
        """Return the moments of several looks along a new first axis."""
        return cls(*(np.stack([getattr(look, each.name) for look in looks]) for each in fields(cls)))

    @property
    def means(self) -> Array:
        """Of each value: shape of ``count`` × 3."""
        return self.sums / self.count[..., None]

    @property
    def covariances(self) -> Array:
        """Between the values of one visitor, unbiased: shape of ``count`` × 3 × 3."""
        means = self.means
        centred = self.products - self.count[..., None, None] * means[..., :, None] * means[..., None, :]
        return np.asarray(centred / (self.count - 1)[..., None, None], dtype=np.float64)
