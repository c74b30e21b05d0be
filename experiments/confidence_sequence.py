"""Intervals and p-values that hold at every look, however often one looks and whenever one stops.

The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit
theory and asymptotic confidence sequences" (Annals of Statistics 52, 2024), theorem 2.2: Robbins' normal mixture with
an estimated variance. Inverted it is the mixture sequential ratio test of Johari, Pekelis and Walsh, "Always Valid
Inference" (2015). A mixture must be chosen before the data: here the one whose interval is tightest when as many
visitors have come as were planned.
"""

from __future__ import annotations

import numpy as np

from experiments.moments import Array

# With fewer visitors in a group its estimates are not yet near enough to normal.
LEAST_VISITORS = 100


def radius(standard_error: Array, visitors: Array, planned_visitors: int, alpha: float) -> Array:
    """Return half the width of the interval that holds the truth at all looks at once with probability 1 - alpha.

    ``visitors`` are those of both groups at a look; ``standard_error`` is the difference's.
    """
    seen = visitors * _mixture(planned_visitors, alpha)
    width = (1 + 1 / seen) * (np.log1p(seen) - 2 * np.log(alpha))
    return np.asarray(standard_error * np.sqrt(width), dtype=np.float64)


def p_value(difference: Array, standard_error: Array, visitors: Array, planned_visitors: int, alpha: float) -> Array:
    """Return the always-valid p-value of "no difference": at most ``alpha`` exactly where the interval leaves 0 out."""
    seen = visitors * _mixture(planned_visitors, alpha)
    with np.errstate(divide="ignore", invalid="ignore"):
        evidence = (difference / standard_error) ** 2 / 2 * seen / (1 + seen) - np.log1p(seen) / 2
    return np.asarray(np.exp(-np.maximum(evidence, 0)), dtype=np.float64)


def _mixture(planned_visitors: int, alpha: float) -> float:
    """Return ρ² of the paper, by its formula for the time at which the interval shall be tightest."""
    twice_log = -2 * np.log(alpha)
    return float((twice_log + np.log1p(twice_log)) / planned_visitors)
