"""Looking at any time, on 1,000 resamples of a log with 20 looks each: what is found where nothing is, and what is."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.stats import binomtest, norm

from experiments.effect import Effect, effect
from experiments.moments import Array
from tests.fixtures.resampling import ALPHA, found_at_any_look, resampled

RESAMPLES, LOOKS, POOL, PLANNED = 1000, 20, 4000, 20_000


@cache
def log_of(click_ratio: float) -> Array:
    """Visitors × looks × (lists, clicks, clicks of before): they come at any time, return, and differ in interest."""
    generator = np.random.default_rng(11)
    comes = generator.integers(LOOKS, size=POOL)
    returns = generator.poisson(0.15, (POOL, LOOKS)) * (np.arange(LOOKS) > comes[:, None])
    returns[np.arange(POOL), comes] += 1
    interest = generator.gamma(2, 0.5, POOL)
    before = generator.binomial(10, (interest * 0.1).clip(0, 1)) * (generator.random(POOL) < 0.3)
    clicks = generator.binomial(returns, (interest * click_ratio).clip(0, 1)[:, None])
    known = np.broadcast_to(before[:, None], clicks.shape)
    return np.stack([returns.cumsum(axis=1), clicks.cumsum(axis=1), known], axis=2).astype(np.float64)


@cache
def effects_of(treatment_click_ratio: float) -> Effect:
    """Experiments × looks: half of the planned visitors with a click ratio of 10 %, half with another."""
    groups = (log_of(0.1), log_of(treatment_click_ratio))
    control, treatment = (resampled(log, RESAMPLES, PLANNED // 2, seed) for seed, log in enumerate(groups))
    return effect(control, treatment)


def test_looking_20_times_finds_nothing_in_a_a_tests_more_often_than_promised() -> None:
    found = effects_of(0.1)
    interval = binomtest(int(found_at_any_look(found, PLANNED).sum()), RESAMPLES).proportion_ci()
    assert interval.low <= ALPHA
    naive = (np.abs(found.difference) > norm.ppf(0.975) * found.standard_error).any(axis=1)
    assert naive.mean() > 3 * ALPHA


def test_a_click_ratio_of_11_and_a_half_instead_of_10_percent_is_found_in_20_000_visitors() -> None:
    found = effects_of(0.115)
    is_found = found_at_any_look(found, PLANNED)
    assert is_found.mean() >= 0.8
    assert (found.difference[is_found, -1] > 0).all()
