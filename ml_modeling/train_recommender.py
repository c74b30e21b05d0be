"""Training, evaluation and judgement of the recommender in two stages, from ``silver.sessions``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from contracts.errors import NotReadyError
from contracts.tables import SILVER_SESSIONS
from ml_modeling import baseline_recommender
from ml_modeling.gate import Comparison, judge
from ml_modeling.list_positions import NDCG, RECALL, Positions, gains, hits, metrics_of, positions_of
from ml_modeling.next_products import BrowsedSessions, NextProducts, browsed_sessions, next_products
from ml_modeling.paired_bootstrap import Difference, paired_mean_difference
from ml_modeling.ranking_explanation import mean_contributions
from ml_modeling.recall_slices import RecallSlice, recall_slices
from ml_modeling.recommender import CO_VISITATION, POPULARITY
from ml_modeling.recommender_champion import MIN_CASES, RecommenderChampion, compare_with_champion
from ml_modeling.recommending.candidate_features import FEATURES
from ml_modeling.recommending.customer_factors import Factorize, customer_factors
from ml_modeling.recommending.product_facts import ProductFacts
from ml_modeling.recommending.retrieval import CANDIDATES
from ml_modeling.recommending.shop_retrieval import ShopRetrieval
from ml_modeling.time_split import later_part
from ml_modeling.trained_model import LEARNED_UNTIL, RECOMMENDER, TrainedModel
from ml_modeling.two_stage_fitting import fit_two_stage
from ml_modeling.two_stage_recommender import TwoStageRecommender
from ml_modeling.verdict import Verdict

MIN_SESSIONS = 10
_TEST_SHARE = 0.2
THIS_MODEL = ""
_NOTHING_SAID: Mapping[str, ProductFacts] = MappingProxyType({})


@dataclass(frozen=True)
class RecommenderEvidence:
    """What was seen of a model on sessions later than those it was fitted on, for the gate and the model card.

    ``positions`` are by model: this one, co-visitation and popularity alone; ``over`` are differences in NDCG@10, by
    baseline. ``contributions`` are the mean sizes of SHAP values by ``FEATURES``, ``None`` without a ranking.
    """

    positions: Mapping[str, Positions]
    over: Mapping[str, Difference]
    comparison: Comparison
    slices: Sequence[RecallSlice]
    contributions: NDArray[np.float64] | None

    @property
    def metrics(self) -> dict[str, float]:
        """Recall@20, MRR@20 and NDCG@10 of each model, those of the baselines with their names in front."""
        named = ((f"{name}_" if name else "", positions) for name, positions in self.positions.items())
        return {name: value for prefix, positions in named for name, value in metrics_of(positions, prefix).items()}


@dataclass(frozen=True)
class RecommenderTraining:
    """A model with the evidence on it, ``None`` where there was too little data to measure."""

    trained: TrainedModel
    model: TwoStageRecommender
    evidence: RecommenderEvidence | None


def train_recommender(
    sessions: pa.Table,
    champion: RecommenderChampion | None = None,
    facts: Mapping[str, ProductFacts] = _NOTHING_SAID,
    factorize: Factorize = customer_factors,
) -> RecommenderTraining:
    """Evaluate on the latest fifth of ``sessions``, then fit on all of them; those of bots are left out.

    ``sessions`` has ``COLUMNS`` and ``ATTRIBUTES`` of ``next_products``; ``facts`` are what the shop says of products,
    by their ids; ``factorize`` learns what known visitors like. What is measured is the next distinct product of a
    session, ranked among all products. Raises ``NotReadyError`` where fewer than ``MIN_SESSIONS`` hold a product.
    """
    browsed = browsed_sessions(sessions)
    if len(browsed) < MIN_SESSIONS:
        msg = (
            f"{SILVER_SESSIONS.name} holds {len(browsed)} sessions with products: the recommender needs {MIN_SESSIONS}"
        )
        raise NotReadyError(msg)
    is_later = later_part(browsed.starts, _TEST_SHARE)
    cases = next_products(browsed, is_later)
    is_enough = len(cases) >= MIN_CASES
    evidence = _evidence(browsed.where(~is_later), cases, champion, facts, factorize) if is_enough else None
    model, unranked = fit_two_stage(browsed.baskets, browsed.visitors, facts, factorize)
    metrics = evidence.metrics if evidence else {}
    trained = TrainedModel(
        name=RECOMMENDER,
        model=model,
        metric=RECALL,
        value=metrics.get(RECALL),
        baseline=metrics.get(f"{POPULARITY}_{RECALL}"),
        metrics={**metrics, "sessions": len(browsed), "cases": len(cases), "products": len(model.product_ids)},
        params=_params(model, browsed),
        note="; ".join(_notes(evidence, len(cases), unranked)),
        verdict=_verdict(evidence),
    )
    return RecommenderTraining(trained, model, evidence)


def _evidence(
    earlier: BrowsedSessions,
    cases: NextProducts,
    champion: RecommenderChampion | None,
    facts: Mapping[str, ProductFacts],
    factorize: Factorize,
) -> RecommenderEvidence:
    model, _ = fit_two_stage(earlier.baskets, earlier.visitors, facts, factorize)
    plain = baseline_recommender.fit(earlier.starts, earlier.baskets)
    ours = positions_of(model, cases)
    baselines = {
        CO_VISITATION: positions_of(plain, cases),
        POPULARITY: positions_of(plain, cases, uses_context=False),
    }
    over = {
        name: paired_mean_difference(cases.sessions, gains(ours), gains(theirs)) for name, theirs in baselines.items()
    }
    return RecommenderEvidence(
        {THIS_MODEL: ours, **baselines},
        over,
        compare_with_champion(cases, ours, champion),
        recall_slices(cases, earlier, hits(ours), hits(baselines[CO_VISITATION]), facts),
        mean_contributions(model, cases),
    )


def _verdict(evidence: RecommenderEvidence | None) -> Verdict:
    if evidence is None:
        return judge({}, Comparison())
    return judge(evidence.over, evidence.comparison, metric=NDCG)


def _notes(evidence: RecommenderEvidence | None, cases: int, unranked: str) -> list[str]:
    notes = [] if evidence else [f"{cases} next products in later sessions: at least {MIN_CASES} are needed to measure"]
    return notes + ([f"ordered by the blend of its sources alone, {unranked}"] if unranked else [])


def _params(model: TwoStageRecommender, browsed: BrowsedSessions) -> dict[str, str | int]:
    return {
        "algorithm": "two_stage" if model.ranker else "blend",
        "retrieval": "shop" if isinstance(model.retrieval, ShopRetrieval) else "sessions",
        "rounds": model.ranker.rounds if model.ranker else 0,
        "candidates": CANDIDATES,
        "features": ",".join(FEATURES),
        LEARNED_UNTIL: f"{browsed.starts.max()}Z",
    }
