"""Whether a trained model may become the champion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ml_modeling.fairness import Fairness
from ml_modeling.paired_bootstrap import Difference
from ml_modeling.verdict import Verdict

# How far below the champion a challenger may lie by the metric, at the lower end of the interval: a test of
# non-inferiority.
MARGIN = 0.01


@dataclass(frozen=True)
class Comparison:
    """What the gate is told of the champion: how far above it the challenger is, or why that is not known.

    Neither is there where there is no champion.
    """

    over_champion: Difference | None = None
    why_not: str = ""


def judge(
    over_baselines: Mapping[str, Difference],
    champion: Comparison,
    fairness: Sequence[Fairness] = (),
    metric: str = "AUC",
) -> Verdict:
    """Let a model pass that is above the plain baselines, not below the champion, and treats groups alike.

    ``over_baselines``: how far above each of them it is by ``metric``; none where there was too little data to measure.
    """
    checks = [*_against_baselines(over_baselines, metric), *_against_champion(champion, metric)]
    checks += [(report.is_within_limit, str(report)) for report in fairness]
    reasons = [text if passed else f"refused: {text}" for passed, text in checks]
    is_fair = all(report.is_within_limit for report in fairness)
    return Verdict(all(passed for passed, _ in checks), reasons, is_fair)


def _against_baselines(over: Mapping[str, Difference], metric: str) -> list[tuple[bool, str]]:
    if not over:
        return [(False, "too little data to compare with the baseline")]
    return [
        (difference.low > 0, f"{metric} over {name} {difference}, must be above 0") for name, difference in over.items()
    ]


def _against_champion(champion: Comparison, metric: str) -> list[tuple[bool, str]]:
    if champion.why_not:
        return [(False, champion.why_not)]
    if champion.over_champion is None:
        return []
    difference = champion.over_champion
    return [(difference.low > -MARGIN, f"{metric} over the champion {difference}, must be above -{MARGIN}")]
