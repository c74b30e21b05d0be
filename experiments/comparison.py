"""One treatment against the control in one metric, at every look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from experiments.confidence_sequence import LEAST_VISITORS, p_value, radius
from experiments.effect import Effect, effect
from experiments.metrics import Metric
from experiments.moments import Array, Moments

Verdict = Literal["better", "worse", "undecided"]


@dataclass(frozen=True)
class Comparison:
    """The effect, its always-valid interval and p-value, by look; no interval (NaN) while a group is too small."""

    metric: Metric
    treatment: str
    effect: Effect
    low: Array
    high: Array
    p_values: Array

    @property
    def verdict(self) -> Verdict:
        """Say on which side of the interval of the last look 0 lies."""
        if self.low[-1] > 0:
            return "better"
        return "worse" if self.high[-1] < 0 else "undecided"

    @property
    def shown_p(self) -> str:
        """The p-value of the last look as people read it."""
        return "–" if np.isnan(self.p_values[-1]) else f"{self.p_values[-1]:.3g}"

    def __str__(self) -> str:
        shown = self.metric.shown
        difference, low, high = (shown(each[-1]) for each in (self.effect.difference, self.low, self.high))
        return f"{difference} [{low}, {high}], p {self.shown_p}"


@dataclass(frozen=True)
class Plan:
    """What was settled before the data: when the intervals are tightest, and how often one may err in all looks."""

    planned_visitors: int
    alpha: float


def compare(metric: Metric, treatment: str, groups: tuple[Moments, Moments], plan: Plan) -> Comparison:
    """Compare ``groups``, the moments of control and treatment by look."""
    found = effect(*groups)
    is_enough = np.minimum(groups[0].count, groups[1].count) >= LEAST_VISITORS
    half = radius(found.standard_error, found.visitors, plan.planned_visitors, plan.alpha)
    half = np.where(is_enough, half, np.nan)
    p_values = p_value(found.difference, found.standard_error, found.visitors, plan.planned_visitors, plan.alpha)
    return Comparison(
        metric,
        treatment,
        found,
        low=found.difference - half,
        high=found.difference + half,
        p_values=np.where(is_enough, p_values, np.nan),
    )
