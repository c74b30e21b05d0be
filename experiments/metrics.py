"""What an experiment is judged by: ratios of sums over its visitors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from contracts.experiments import MetricName
from experiments.moments import Array


@dataclass(frozen=True)
class Metric:
    """The sum of one column of ``visitor_outcomes`` over the sum of another."""

    name: MetricName
    meaning: str
    numerator: str
    denominator: str

    def values(self, visitors: pa.Table) -> Array:
        """Return denominator, numerator and the numerator's sum from before the experiment: visitors × 3."""
        columns = (self.denominator, self.numerator, f"{self.numerator}_before")
        return np.column_stack([visitors[name].to_numpy() for name in columns])

    def shown(self, value: float) -> str:
        """Return a value as people read it."""
        if np.isnan(value):
            return "–"
        return f"{value:,.3f}" if self.numerator == "revenue" else f"{100 * value:.2f} %"


METRICS: Mapping[MetricName, Metric] = {
    metric.name: metric
    for metric in (
        Metric("click_ratio", "lists with a click over lists shown", "clicked_lists", "lists"),
        Metric("buyer_ratio", "visitors who ordered what they clicked over visitors", "buyers", "visitors"),
        Metric("revenue_per_visitor", "revenue of what was clicked over visitors", "revenue", "visitors"),
    )
}
