"""What a challenger would have earned: a log whose truth is known."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.errors import InvalidExperimentError
from experiments.moments import Array
from experiments.off_policy import LoggedChoices, PolicyValue, doubly_robust, inverse_propensity, self_normalised

# Two kinds of visitors, three products: chances of a click, of being shown, of being shown by the challenger.
CLICKS = np.array([[0.1, 0.3, 0.05], [0.4, 0.1, 0.05]])
LOGGING = np.array([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5]])
CHALLENGER = np.array([[0.1, 0.8, 0.1], [0.8, 0.1, 0.1]])
TRUTH = float((CHALLENGER * CLICKS).sum(axis=1).mean())


class Simulated(NamedTuple):
    """A log, and of each row the kind of visitor and the product chosen."""

    choices: LoggedChoices
    kinds: NDArray[np.int64]
    products: NDArray[np.int64]


def simulated(seed: int, rows: int = 4000, propensity_factor: float = 1.0) -> Simulated:
    generator = np.random.default_rng(seed)
    kinds = generator.integers(2, size=rows)
    products = (generator.random(rows)[:, None] > LOGGING[kinds].cumsum(axis=1)).sum(axis=1).clip(0, 2)
    rewards = (generator.random(rows) < CLICKS[kinds, products]).astype(np.float64)
    propensities = LOGGING[kinds, products] * propensity_factor
    choices = LoggedChoices(rewards, propensities, CHALLENGER[kinds, products], np.arange(rows))
    return Simulated(choices, kinds, products)


def by_model(of: Simulated, model: Array) -> PolicyValue:
    expected = (CHALLENGER * model).sum(axis=1)[of.kinds]
    return doubly_robust(of.choices, model[of.kinds, of.products], expected)


def test_three_rows_by_hand() -> None:
    log = LoggedChoices(np.array([1.0, 0.0, 1.0]), np.array([0.5, 0.5, 0.25]), np.array([1.0, 0.0, 0.5]), np.arange(3))
    assert list(log.weights) == [2, 0, 2]
    assert inverse_propensity(log).value == pytest.approx(4 / 3)
    assert self_normalised(log).value == 1
    robust = doubly_robust(log, predicted=np.array([0.5, 0.5, 1.0]), expected=np.array([0.5, 0.25, 0.75]))
    assert robust.value == pytest.approx((0.5 + 2 * 0.5 + 0.25 + 0.75) / 3)
    assert robust.effective_rows == 2


def test_the_logging_policy_itself_has_the_mean_of_the_log() -> None:
    of = simulated(0).choices
    same = LoggedChoices(of.rewards, of.propensities, of.propensities, of.visitors)
    mean = of.rewards.mean()
    for estimate in (inverse_propensity, self_normalised):
        found = estimate(same)
        assert found.value == pytest.approx(mean)
        assert found.high - mean == pytest.approx(1.96 * of.rewards.std(ddof=1) / np.sqrt(4000), rel=1e-3)
        assert found.effective_rows == pytest.approx(4000)


@pytest.mark.parametrize("estimator", ["inverse_propensity", "self_normalised", "doubly_robust"])
def test_each_is_right_on_average_and_its_interval_holds_the_truth(estimator: str) -> None:
    found = [_estimated(estimator, simulated(seed, 1000)) for seed in range(300)]
    values = [each.value for each in found]
    assert np.mean(values) == pytest.approx(TRUTH, abs=3.5 * np.std(values) / np.sqrt(300))
    assert np.mean([each.low <= TRUTH <= each.high for each in found]) == pytest.approx(0.95, abs=0.04)


def _estimated(estimator: str, of: Simulated) -> PolicyValue:
    if estimator == "doubly_robust":
        return by_model(of, CLICKS)
    return {"inverse_propensity": inverse_propensity, "self_normalised": self_normalised}[estimator](of.choices)


def test_a_model_of_the_rewards_narrows_the_interval() -> None:
    of = simulated(1, 20_000)
    robust, plain = by_model(of, CLICKS), inverse_propensity(of.choices)
    assert robust.high - robust.low < 0.9 * (plain.high - plain.low)


def test_either_the_propensities_or_the_model_may_be_wrong() -> None:
    wrong_model, wrong_propensities = np.full((2, 3), 0.5), simulated(2, 50_000, propensity_factor=0.7)
    assert by_model(simulated(2, 50_000), wrong_model).value == pytest.approx(TRUTH, abs=0.02)
    assert by_model(wrong_propensities, CLICKS).value == pytest.approx(TRUTH, abs=0.02)
    assert inverse_propensity(wrong_propensities.choices).value > TRUTH + 0.05


def test_rows_of_one_visitor_count_as_one_observation() -> None:
    of = simulated(3, 500).choices
    four = LoggedChoices(
        *(np.repeat(getattr(of, name), 4) for name in ("rewards", "propensities", "probabilities", "visitors"))
    )
    for estimate in (inverse_propensity, self_normalised):
        one, repeated = estimate(of), estimate(four)
        assert (repeated.value, repeated.low, repeated.high) == pytest.approx((one.value, one.low, one.high))


def test_a_challenger_that_chooses_nothing_of_the_log_has_no_value() -> None:
    log = LoggedChoices(np.ones(3), np.full(3, 0.5), np.zeros(3), np.arange(3))
    assert np.isnan(self_normalised(log).value)
    assert (inverse_propensity(log).value, inverse_propensity(log).effective_rows) == (0, 0)


def test_one_visitor_says_nothing_of_others() -> None:
    log = LoggedChoices(np.ones(3), np.full(3, 0.5), np.ones(3), np.zeros(3, np.int64))
    assert inverse_propensity(log).high == np.inf


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        (0, np.nan, "reward of row 1 is nan: expected a finite number"),
        (1, 0.0, "propensity of row 1 is 0.0: expected a probability above 0 and at most 1"),
        (1, np.nan, "propensity of row 1 is nan"),
        (2, 1.5, "probability of row 1 is 1.5: expected a probability from 0 to 1"),
    ],
)
def test_a_row_that_cannot_be_is_named(column: int, value: float, told: str) -> None:
    columns = [np.ones(3), np.full(3, 0.5), np.full(3, 0.5)]
    columns[column][1] = value
    with pytest.raises(InvalidExperimentError, match=told):
        LoggedChoices(columns[0], columns[1], columns[2], np.arange(3))


def test_an_empty_log_is_refused() -> None:
    with pytest.raises(InvalidExperimentError, match="the log has no choices"):
        LoggedChoices(np.ones(0), np.ones(0), np.ones(0), np.arange(0))
