"""What a known visitor likes: alternating least squares on implicit feedback.

Hu, Koren and Volinsky (2008, "Collaborative Filtering for Implicit Feedback Datasets"). Only the products' factors are
kept, no person's: those of a visitor are solved for when they ask, from what they saw (the paper's equation 4),

    x = (YᵀY + λI + Σ (c - 1) y yᵀ)⁻¹ Σ c y,  c = CONFIDENCE · sightings, over the products seen

so that they are of this moment, also for somebody who came after the training.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml_modeling.recommending.sessions import Sessions

FACTORS = 32
CONFIDENCE = 10.0
REGULARIZATION = 1.0
ITERATIONS = 12
SEED = 7


class CustomerFactors(NamedTuple):
    """``products`` (n × f): the factors of each, zeros where nobody saw it. ``gram`` (f × f): YᵀY + λI of them."""

    products: NDArray[np.float32]
    gram: NDArray[np.float32]

    @classmethod
    def of(cls, products: NDArray[np.float32]) -> CustomerFactors:
        """Return the factors with their gram."""
        return cls(products, products.T @ products + REGULARIZATION * np.eye(FACTORS, dtype=np.float32))


# Learns from who saw what.
Factorize = Callable[[Sessions], CustomerFactors]


def customer_factors(sessions: Sessions) -> CustomerFactors:
    """Learn from who saw what, on this machine; the same sessions give the same factors."""
    from implicit.cpu.als import AlternatingLeastSquares  # noqa: PLC0415 - not for the model server, which never fits
    from scipy import sparse  # noqa: PLC0415 - as above
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - as above

    visitors, seen = visitors_of(sessions), np.full(len(sessions.products), CONFIDENCE, np.float32)
    shape = (int(visitors.max()) + 1, sessions.product_count)
    confidences = sparse.csr_matrix((seen, (visitors, sessions.products)), shape=shape)
    # The library spreads the rows over threads itself, and warns where BLAS would too.
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(FACTORS, REGULARIZATION, iterations=ITERATIONS, random_state=SEED)
        model.fit(confidences, show_progress=False)
    return CustomerFactors.of(model.item_factors)


def visitors_of(sessions: Sessions) -> NDArray[np.int64]:
    """Return who made each sighting, a code from 0; where it is not known, each session is somebody's only one."""
    visitors = np.arange(len(sessions)) if sessions.past is None else sessions.past.visitors
    return np.repeat(np.unique(visitors, return_inverse=True)[1], np.diff(sessions.offsets))


def tastes(factors: CustomerFactors, seen: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return how much somebody who saw these products, repeats counting, would like each (n): about 0 to 1."""
    products, sightings = np.unique(seen, return_counts=True)
    liked, confidences = factors.products[products], CONFIDENCE * sightings.astype(np.float32)
    system = factors.gram + (liked.T * (confidences - 1)) @ liked
    result: NDArray[np.float32] = factors.products @ np.linalg.solve(system, confidences @ liked)
    return result
