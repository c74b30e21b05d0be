"""The model card of the recommender."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ml_modeling.card_page import card_of
from ml_modeling.list_positions import RECALL, TOP, Positions
from ml_modeling.plotting import Plot
from ml_modeling.ranking_metrics import recall_at
from ml_modeling.recall_slices import MIN_SLICE_SESSIONS
from ml_modeling.recommender_plots import contributions_plot, gains_plot, recall_plot, recall_slices_plot
from ml_modeling.recommending.candidate_features import FEATURES
from ml_modeling.train_recommender import THIS_MODEL, RecommenderEvidence, RecommenderTraining
from ml_modeling.trained_model import ModelCard, TrainedModel

_TEMPLATE = "recommender_card.html.j2"


def recommender_card(training: RecommenderTraining, trained: TrainedModel, made_at: datetime) -> ModelCard:
    """Return the card of a model; without evidence it says why there is none."""
    ranker, evidence = training.model.ranker, training.evidence
    plots = _plots(evidence) if evidence else []
    if ranker:
        plots.append(gains_plot(FEATURES, ranker.gains))
    return card_of(
        _TEMPLATE,
        trained,
        plots,
        made_at,
        evidence=evidence,
        features=dict(zip(FEATURES, ranker.gains.tolist() if ranker else [None] * len(FEATURES), strict=True)),
        min_slice_sessions=MIN_SLICE_SESSIONS,
    )


def _plots(evidence: RecommenderEvidence) -> list[Plot]:
    names = {THIS_MODEL: "this model"}
    recalls: Mapping[str, list[float]] = {
        names.get(name, name.replace("_", "-")): _recalls(positions) for name, positions in evidence.positions.items()
    }
    plots = [recall_plot(recalls)]
    if any(each.recall for each in evidence.slices):
        plots.append(recall_slices_plot(evidence.slices, evidence.metrics[RECALL]))
    if evidence.contributions is not None:
        plots.append(contributions_plot(FEATURES, evidence.contributions))
    return plots


def _recalls(positions: Positions) -> list[float]:
    return [recall_at(positions, length) for length in range(1, TOP + 1)]
