"""What the outcomes say of an experiment so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import NotReadyError
from contracts.experiments import Experiment
from experiments.comparison import Comparison, Plan, compare
from experiments.metrics import METRICS, Metric
from experiments.moments import Moments
from experiments.sample_ratio import SampleRatio, sample_ratio
from experiments.visitor_outcomes import switched_visitors, visitor_outcomes

ALPHA = 0.05
# How long before the start it counts what visitors did.
BEFORE = timedelta(days=28)
_LOOKS = 20


@dataclass(frozen=True)
class Report:
    """An experiment's figures at ``looks``, of what was shown up to then; the metric that decides comes first."""

    experiment: Experiment
    looks: Sequence[datetime]
    ratio: SampleRatio
    switched_visitors: int
    comparisons: Sequence[Comparison]

    @property
    def alpha(self) -> float:
        """The error that one treatment may make in all looks together."""
        return _alpha(self.experiment)

    @property
    def verdicts(self) -> Sequence[str]:
        """One sentence for each treatment, by the metric that decides, or why there can be none; a rollback first."""
        why = self.experiment.rolled_back
        rollback = [f"It was rolled back: {why}"] if why else []
        if self.ratio.is_suspect:
            mismatch = "The visitors are not divided as they should be (sample ratio mismatch)"
            return [*rollback, f"{mismatch}: do not trust these figures."]
        return [*rollback, *(_sentence(each, self.experiment.control.name) for each in self.deciding)]

    @property
    def deciding(self) -> Sequence[Comparison]:
        """Each treatment's comparison in the metric that decides."""
        return [each for each in self.comparisons if each.metric.name == self.experiment.metric]


def report(experiment: Experiment, shown: pa.Table, before: pa.Table) -> Report:
    """Judge an experiment by rows of ``gold.recommendation_outcomes``.

    ``shown`` are those of the experiment, ``before`` any of ``BEFORE`` its start. Several treatments share the 5 % of
    error (Bonferroni). Raises ``NotReadyError`` where the experiment was shown to nobody.
    """
    if not len(shown):
        msg = f"nobody was shown {experiment.name} yet: expected rows of it in gold.recommendation_outcomes"
        raise NotReadyError(msg)
    looks = _looks(shown)
    visitors = [visitor_outcomes(shown.filter(pc.field("shown_at") <= look), before) for look in looks]
    plan = Plan(experiment.planned_visitors, _alpha(experiment))
    comparisons: list[Comparison] = []
    for metric in sorted(METRICS.values(), key=lambda metric: metric.name != experiment.metric):
        groups = _moments(metric, visitors, experiment)
        control = groups[experiment.control.name]
        comparisons += [
            compare(metric, treatment.name, (control, groups[treatment.name]), plan)
            for treatment in experiment.treatments
        ]
    seen = Counter(visitors[-1]["variant"].to_pylist())
    return Report(experiment, looks, sample_ratio(experiment, seen), switched_visitors(shown), comparisons)


def _alpha(experiment: Experiment) -> float:
    return ALPHA / len(experiment.treatments)


def _looks(shown: pa.Table) -> Sequence[datetime]:
    """Return evenly spaced times from the first list to the last."""
    span = pc.min_max(shown["shown_at"]).as_py()
    step = (span["max"] - span["min"]) / _LOOKS
    looks = [span["min"] + number * step for number in range(1, _LOOKS)]
    return [*looks, span["max"]] if step else [span["max"]]


def _moments(metric: Metric, looks: Sequence[pa.Table], experiment: Experiment) -> Mapping[str, Moments]:
    return {
        variant.name: Moments.stacked(
            [Moments.of(metric.values(look.filter(pc.field("variant") == variant.name))) for look in looks]
        )
        for variant in experiment.variants
    }


def _sentence(comparison: Comparison, control: str) -> str:
    found = f"{comparison.treatment} against {control} in {comparison.metric.name}: {comparison}"
    meanings = {
        "better": f"{comparison.treatment} is better",
        "worse": f"{comparison.treatment} is worse",
        "undecided": "not decided yet",
    }
    return f"{meanings[comparison.verdict]} ({found})"
