"""Whether a trained model may become the champion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ml_modeling.fairness import Fairness
from ml_modeling.paired_bootstrap import Difference
from ml_modeling.verdict import Verdict

# How much AUC below the champion a challenger may lie, at the lower end of the interval: a test of non-inferiority.
MARGIN = 0.01


@dataclass(frozen=True)
class Comparison:
    """What the gate is told of the champion: how far above it the challenger is, or why that is not known.

    Neither is there where there is no champion.
    """

    over_champion: Difference | None = None
    why_not: str = ""


def judge(over_baseline: Difference | None, champion: Comparison, fairness: Sequence[Fairness]) -> Verdict:
    """Let a model pass that is above the plain baseline, not below the champion, and treats groups alike.

    ``over_baseline`` is ``None`` where there was too little data to measure.
    """
    checks = [_against_baseline(over_baseline), *_against_champion(champion)]
    checks += [(report.is_within_limit, str(report)) for report in fairness]
    reasons = [text if passed else f"refused: {text}" for passed, text in checks]
    is_fair = all(report.is_within_limit for report in fairness)
    return Verdict(all(passed for passed, _ in checks), reasons, is_fair)


def _against_baseline(difference: Difference | None) -> tuple[bool, str]:
    if difference is None:
        return False, "too little data to compare with the baseline"
    return difference.low > 0, f"AUC over the baseline {difference}, must be above 0"


def _against_champion(champion: Comparison) -> list[tuple[bool, str]]:
    if champion.why_not:
        return [(False, champion.why_not)]
    if champion.over_champion is None:
        return []
    difference = champion.over_champion
    return [(difference.low > -MARGIN, f"AUC over the champion {difference}, must be above -{MARGIN}")]
