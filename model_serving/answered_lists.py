"""A list by whoever answers the visitor, counted by variant; where a variant's model fails, the champion answers."""

from __future__ import annotations

import logging
from dataclasses import replace
from time import perf_counter

from ml_modeling.trained_model import RECOMMENDER
from model_serving.answers import VariantName
from model_serving.asked import Asked
from model_serving.model_store import LoadedModel
from model_serving.recommendations import Made, recommend
from model_serving.serving import Serving
from model_serving.variants import answering, recommender_for

_LOG = logging.getLogger(__name__)


def answered(asked: Asked, serving: Serving) -> Made:
    """Return the list by the model of the visitor's variant.

    One that fails is counted against the variant, and the champion's list stands for no variant: nobody is shown an
    error for the sake of an experiment. Raises what the champion raises.
    """
    loaded, variant = recommender_for(asked.visitor_id, serving)
    champion = serving.models.current(RECOMMENDER)
    if loaded is champion:
        return _counted(asked, champion, variant, serving)
    try:
        return _counted(asked, loaded, variant, serving)
    except Exception:  # noqa: BLE001 - whatever a variant's model stumbles over, the champion answers
        _LOG.exception("%s failed, the champion answers", variant)
    return _counted(asked, champion, None, serving)


def _counted(asked: Asked, loaded: LoadedModel | None, variant: VariantName | None, serving: Serving) -> Made:
    by, started = answering(loaded, variant), perf_counter()
    try:
        made = recommend(replace(asked, variant=variant), loaded, serving)
    except Exception:
        serving.metrics.variants.failed(by)
        raise
    serving.metrics.variants.answered(by, made.answer, perf_counter() - started)
    return made
