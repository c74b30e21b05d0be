"""What a challenger would have earned, from what was logged while another policy chose: before it is shown to anybody.

Each row is one choice: what was chosen, with which probability the logging policy chose it (its propensity), with which
the challenger would, and what it earned. Rows of one visitor depend on each other: variances are of sums by visitor.
Nothing can be said of what the logging policy never chooses: look at ``effective_rows`` before the estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from contracts.errors import InvalidExperimentError
from experiments.moments import Array


@dataclass(frozen=True)
class LoggedChoices:
    """Rows of a log, all arrays of one length.

    ``rewards`` of what was chosen; ``propensities`` of it under the logging policy, above 0 and at most 1;
    ``probabilities`` of the same under the challenger, from 0 to 1; ``visitors`` as codes from 0. Raises
    ``InvalidExperimentError``, which names the array, the row and the value.
    """

    rewards: Array
    propensities: Array
    probabilities: Array
    visitors: NDArray[np.int64]

    def __post_init__(self) -> None:
        if not len(self.rewards):
            raise InvalidExperimentError("the log has no choices: expected at least one")
        _require("reward", self.rewards, np.isfinite(self.rewards), "a finite number")
        fits = (self.propensities > 0) & (self.propensities <= 1)
        _require("propensity", self.propensities, fits, "a probability above 0 and at most 1")
        fits = (self.probabilities >= 0) & (self.probabilities <= 1)
        _require("probability", self.probabilities, fits, "a probability from 0 to 1")

    @property
    def weights(self) -> Array:
        """How much likelier each choice is under the challenger."""
        return self.probabilities / self.propensities


@dataclass(frozen=True)
class PolicyValue:
    """The mean reward of a choice under the challenger, and its interval of 95 %.

    ``effective_rows`` is how many rows of the challenger's own the log is worth (Kish, "Survey Sampling", 1965).
    """

    value: float
    low: float
    high: float
    effective_rows: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}], {self.effective_rows:.0f} effective rows"


def inverse_propensity(log: LoggedChoices) -> PolicyValue:
    """Weigh each reward (IPS: Horvitz and Thompson, JASA 1952): unbiased, but noisy where weights are large."""
    contributions = log.weights * log.rewards
    value = float(contributions.mean())
    return _valued(log, value, contributions - value)


def self_normalised(log: LoggedChoices) -> PolicyValue:
    """Divide by the mean weight (SNIPS: Swaminathan and Joachims, NIPS 2015): a little bias for less variance.

    NaN where the challenger would have chosen nothing of the log.
    """
    weights = log.weights
    total = weights.sum()
    if total == 0:
        return PolicyValue(np.nan, np.nan, np.nan, 0.0)
    value = float(weights @ log.rewards / total)
    return _valued(log, value, weights * (log.rewards - value) / weights.mean())


def doubly_robust(log: LoggedChoices, predicted: Array, expected: Array) -> PolicyValue:
    """Weigh only what a reward model got wrong (Dudík, Langford and Li, ICML 2011).

    ``predicted`` is the model's reward of what was chosen, ``expected`` the mean of its rewards under the challenger,
    both one a row. Right where either the propensities or the model are; the model must not have learned from the rows.
    """
    contributions = expected + log.weights * (log.rewards - predicted)
    value = float(contributions.mean())
    return _valued(log, value, contributions - value)


def _valued(log: LoggedChoices, value: float, deviations: Array) -> PolicyValue:
    by_visitor = np.bincount(log.visitors, deviations)
    groups = len(np.unique(log.visitors))
    spread = groups / (groups - 1) * (by_visitor**2).sum() if groups > 1 else np.inf
    half_width = norm.ppf(0.975) * np.sqrt(spread) / len(deviations)
    weights = log.weights
    squares = (weights**2).sum()
    effective = weights.sum() ** 2 / squares if squares else 0.0
    return PolicyValue(value, value - half_width, value + half_width, float(effective))


def _require(name: str, values: Array, fits: NDArray[np.bool_], expected: str) -> None:
    wrong = np.flatnonzero(~fits)
    if len(wrong):
        msg = f"{name} of row {wrong[0]} is {values[wrong[0]]}: expected {expected}"
        raise InvalidExperimentError(msg)
