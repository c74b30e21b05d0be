"""The recommender in use, and how far a challenger is above it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contracts.errors import ModelRefusedError
from ml_modeling.gate import Comparison
from ml_modeling.list_positions import Positions, gains, positions_of
from ml_modeling.model_versions import ModelVersions
from ml_modeling.next_products import NextProducts
from ml_modeling.paired_bootstrap import paired_mean_difference
from ml_modeling.recommender import Recommends
from ml_modeling.trained_model import LEARNED_UNTIL, RECOMMENDER
from ml_modeling.two_stage_recommender import load_recommender

MIN_CASES = 50
# Versions of before it was recorded: they are compared on all cases, which is to their advantage.
_NEVER = "1970-01-01"


@dataclass(frozen=True)
class RecommenderChampion:
    """The champion; it was fitted on sessions that started up to ``learned_until`` (UTC)."""

    version: str
    model: Recommends
    learned_until: np.datetime64


def load_recommender_champion(versions: ModelVersions) -> RecommenderChampion | None:
    """Return the champion; ``None`` where there is none, or none that answers."""
    try:
        found = versions.load_champion(RECOMMENDER, load_recommender)
    except ModelRefusedError:
        return None
    if found is None:
        return None
    summary, model = found
    until = summary.params.get(LEARNED_UNTIL, _NEVER).removesuffix("Z")
    return RecommenderChampion(summary.version, model, np.datetime64(until))


def compare_with_champion(
    cases: NextProducts, positions: Positions, champion: RecommenderChampion | None
) -> Comparison:
    """Compare on the cases from sessions that neither has learned from: those after the champion's last."""
    if champion is None:
        return Comparison()
    is_unseen = cases.starts > champion.learned_until
    unseen = cases.where(is_unseen)
    if len(unseen) < MIN_CASES:
        why_not = (
            f"version {champion.version} has learned from all but {len(unseen)} of the cases: "
            f"{MIN_CASES} are needed to compare with it"
        )
        return Comparison(why_not=why_not)
    theirs = gains(positions_of(champion.model, unseen))
    return Comparison(paired_mean_difference(unseen.sessions, gains(positions)[is_unseen], theirs))
