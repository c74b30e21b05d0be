from __future__ import annotations

import pytest

from experiments.sample_ratio import sample_ratio
from tests.fixtures.trials import experiment, variants


def test_equal_halves_are_as_they_should_be() -> None:
    found = sample_ratio(experiment(), {"a": 5020, "b": 4980})
    assert found.expected == {"a": 5000, "b": 5000}
    assert found.p_value == pytest.approx(0.6892, abs=1e-4)  # χ² = 0.16 with one degree of freedom
    assert not found.is_suspect


def test_a_difference_too_small_for_the_eye_is_suspect() -> None:
    assert sample_ratio(experiment(), {"a": 50_600, "b": 49_400}).is_suspect


def test_shares_that_are_not_equal_are_what_is_expected() -> None:
    of = experiment(variants=variants(a=3, b=1))
    assert not sample_ratio(of, {"a": 7500, "b": 2500}).is_suspect
    assert sample_ratio(of, {"a": 5000, "b": 5000}).is_suspect


def test_a_variant_that_nobody_got_is_suspect() -> None:
    found = sample_ratio(experiment(), {"a": 40})
    assert found.seen == {"a": 40, "b": 0}
    assert found.is_suspect
