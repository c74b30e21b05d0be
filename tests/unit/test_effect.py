"""The estimate of an effect: known answers, and the bootstrap as a second opinion."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_ind_from_stats

from experiments.effect import Effect, effect
from experiments.moments import Array, Moments

# Takes the covariate away.
PLAIN = np.array([1.0, 1.0, 0.0])


def compared(control: Array, treatment: Array) -> Effect:
    return effect(Moments.of(control), Moments.of(treatment))


def visitors(generator: np.random.Generator, count: int, lift: float = 1.0) -> Array:
    """Lists, clicks and clicks of before: visitors differ in how much they look, and in how readily they click.

    They click one list of ten before, and ``lift`` times as many now.
    """
    lists = 1 + generator.poisson(6, count)
    interest = generator.gamma(2, 0.05, count)
    before = generator.binomial(20, interest.clip(0, 1))
    clicks = generator.binomial(lists, (interest * lift).clip(0, 1))
    return np.column_stack([lists, clicks, before]).astype(np.float64)


def test_proportions_of_equal_visitors_are_as_in_the_textbook() -> None:
    groups = [
        np.column_stack([np.ones(n), np.arange(n) < k, np.zeros(n)]).astype(float) for n, k in ((400, 40), (500, 75))
    ]
    found = compared(*groups)
    assert (found.control, found.treatment, found.difference) == pytest.approx((0.1, 0.15, 0.05))
    assert found.standard_error == pytest.approx(np.sqrt(0.1 * 0.9 / 399 + 0.15 * 0.85 / 499))
    assert found.visitors == 900
    assert found.noise_removed == 0
    welch = ttest_ind_from_stats(
        0.15, np.sqrt(0.15 * 0.85 * 500 / 499), 500, 0.1, np.sqrt(0.1 * 0.9 * 400 / 399), 400, False
    )
    assert found.difference / found.standard_error == pytest.approx(welch.statistic)


def test_the_variance_of_a_ratio_is_the_bootstraps() -> None:
    generator = np.random.default_rng(3)
    groups = [visitors(generator, 800) * PLAIN, visitors(generator, 800, 1.5) * PLAIN]
    draws = []
    for _ in range(600):
        drawn = [group[generator.integers(800, size=800)].sum(axis=0) for group in groups]
        draws.append(drawn[1][1] / drawn[1][0] - drawn[0][1] / drawn[0][0])
    found = compared(*groups)
    assert found.standard_error == pytest.approx(np.std(draws), rel=0.08)
    # As if every list were a visitor of its own: too sure.
    lists = [group[:, 0].sum() for group in groups]
    naive = np.sqrt(sum(r * (1 - r) / n for r, n in zip((found.control, found.treatment), lists, strict=True)))
    assert naive < 0.95 * found.standard_error


def test_what_is_known_from_before_takes_noise_away_and_moves_nothing_on_average() -> None:
    generator = np.random.default_rng(5)
    plain, adjusted, errors, removed = [], [], [], []
    for _ in range(300):
        groups = [visitors(generator, 500), visitors(generator, 500, 1.2)]
        found = compared(*groups)
        without = compared(*(group * PLAIN for group in groups))
        plain.append(without.difference)
        adjusted.append(found.difference)
        errors.append(found.standard_error)
        removed.append(found.noise_removed)
    assert np.mean(adjusted) == pytest.approx(np.mean(plain), abs=4 * np.std(plain) / np.sqrt(300))
    assert np.var(adjusted) < 0.9 * np.var(plain)
    assert np.mean(removed) == pytest.approx(1 - np.var(adjusted) / np.var(plain), abs=0.12)
    assert np.mean(errors) == pytest.approx(np.std(adjusted), rel=0.12)


def test_a_covariate_that_explains_all_leaves_no_noise() -> None:
    generator = np.random.default_rng(1)
    before = generator.normal(size=(2, 300))
    groups = [np.column_stack([np.ones(300), shift + 2 * of, of]) for shift, of in zip((0, 0.5), before, strict=True)]
    found = compared(*groups)
    assert found.difference == pytest.approx(0.5)
    assert found.noise_removed == pytest.approx(1)


def test_looks_are_computed_at_once_as_one_by_one() -> None:
    generator = np.random.default_rng(2)
    control, treatment = visitors(generator, 300), visitors(generator, 300)
    ends = (50, 100, 300)
    stacked = [Moments.stacked([Moments.of(group[:end]) for end in ends]) for group in (control, treatment)]
    at_once = effect(*stacked)
    for number, end in enumerate(ends):
        alone = compared(control[:end], treatment[:end])
        assert at_once.difference[number] == pytest.approx(alone.difference)
        assert at_once.standard_error[number] == pytest.approx(alone.standard_error)


@pytest.mark.parametrize("count", [0, 1])
def test_what_cannot_be_said_of_too_few_is_nan(count: int) -> None:
    found = compared(np.ones((count, 3)), np.ones((5, 3)))
    assert np.isnan(found.standard_error)
