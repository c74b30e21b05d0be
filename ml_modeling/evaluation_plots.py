"""The pictures of an evaluation of the recommender in use."""

from __future__ import annotations

from ml_modeling.evaluate_recommender import Evaluation
from ml_modeling.plotting import BLUE, ORANGE, Plot, canvas, explain_colours, name_rows
from ml_modeling.recommender_plots import recall_plot

# The metrics that are shares; novelty is in bits, popularity bias a ratio.
_SHARES = ("recall", "precision", "ndcg", "mrr", "map", "coverage", "diversity")


def evaluation_plots(evaluation: Evaluation) -> list[Plot]:
    """Return recall by the length of the list, and the metrics that are shares, beside popularity's."""
    recalls = {"this model": evaluation.model_recalls, "popularity": evaluation.popularity_recalls}
    return [recall_plot(recalls), _metrics_plot(evaluation)]


def _metrics_plot(evaluation: Evaluation) -> Plot:
    figure, axes = canvas(f"Metrics of lists of {evaluation.k}, {evaluation.cases:,} cases", len(_SHARES))
    lines = (("popularity", evaluation.popularity, "|", ORANGE), ("this model", evaluation.model, "o", BLUE))
    for label, metrics, marker, colour in lines:
        axes.plot([metrics[name] for name in _SHARES], range(len(_SHARES)), marker, color=colour, label=label)
    name_rows(axes, _SHARES)
    axes.set(xlabel="value of the metric (0 to 1)", xlim=(0, 1.02))
    explain_colours(figure)
    return Plot("metrics", "What the lists find, and how much of the catalogue they show.", figure)
