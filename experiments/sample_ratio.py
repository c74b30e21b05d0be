"""Whether the variants have the visitors that their shares promise: where not, no other figure can be trusted.

Fabijan et al., "Diagnosing Sample Ratio Mismatch in Online Controlled Experiments" (KDD 2019).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scipy.stats import chisquare

from contracts.experiments import Experiment

# Far below 0.05: the check is made at every look, and what it finds is a fault, not an effect.
SUSPECT_BELOW = 0.001


@dataclass(frozen=True)
class SampleRatio:
    """Visitors by variant, as seen and as expected of their sum, and the p-value of Pearson's χ² test."""

    seen: Mapping[str, int]
    expected: Mapping[str, float]
    p_value: float

    @property
    def is_suspect(self) -> bool:
        """Say whether the shares are not those that were asked for."""
        return self.p_value < SUSPECT_BELOW


def sample_ratio(experiment: Experiment, seen: Mapping[str, int]) -> SampleRatio:
    """Compare the visitors ``seen`` of each variant, 0 where it lacks one, with the shares; at least one was seen."""
    counts = {variant.name: seen.get(variant.name, 0) for variant in experiment.variants}
    total = sum(counts.values())
    expected = {variant.name: total * experiment.probability_of(variant) for variant in experiment.variants}
    found = chisquare(list(counts.values()), list(expected.values()))
    return SampleRatio(counts, expected, float(found.pvalue))
