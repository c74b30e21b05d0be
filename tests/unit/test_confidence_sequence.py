"""The formula of the always-valid interval, and the p-value that goes with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.confidence_sequence import p_value, radius
from tests.fixtures.resampling import ALPHA


def half_of(error: float, visitors: int, planned: int, alpha: float = ALPHA) -> float:
    return float(radius(np.asarray(error), np.asarray(visitors, np.float64), planned, alpha))


def test_the_radius_is_that_of_the_paper() -> None:
    """σ √(2 (n ρ² + 1) / (n² ρ²) · ln(√(n ρ² + 1) / α)), with ρ² by its approximation for n = 1000."""
    twice_log = -2 * np.log(ALPHA)
    rho2 = (twice_log + np.log(twice_log + 1)) / 1000
    for n in (10, 1000, 50_000):
        expected = 3 * np.sqrt(2 * (n * rho2 + 1) / (n**2 * rho2) * np.log(np.sqrt(n * rho2 + 1) / ALPHA))
        assert half_of(3 / n**0.5, n, 1000) == pytest.approx(expected)


def test_it_is_tightest_where_it_was_planned_to_be() -> None:
    widths = {planned: half_of(1, 5000, planned) for planned in (500, 5000, 50_000)}
    assert min(widths, key=lambda planned: widths[planned]) == 5000
    assert widths[5000] == pytest.approx(3.03, abs=0.01)


@given(
    difference=st.floats(-1, 1),
    error=st.floats(1e-4, 1),
    visitors=st.integers(1, 10**7),
    planned=st.integers(1, 10**7),
    alpha=st.sampled_from([0.05, 0.025, 0.01]),
)
def test_the_p_value_is_below_alpha_exactly_where_the_interval_leaves_0_out(
    difference: float, error: float, visitors: int, planned: int, alpha: float
) -> None:
    half = half_of(error, visitors, planned, alpha)
    p = p_value(np.asarray(difference), np.asarray(error), np.asarray(visitors, np.float64), planned, alpha)
    assert 0 <= p <= 1
    if abs(abs(difference) - half) > 1e-9:
        assert (p < alpha) == (abs(difference) > half)
