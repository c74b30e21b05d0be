"""Which recommender answers a visitor: the champion, or that of the visitor's variant in an experiment."""

from __future__ import annotations

from contracts.experiments import Experiment
from experiments.assignment import Assignment, assignments
from ml_modeling.trained_model import CHAMPION, RECOMMENDER
from model_serving.answers import VariantName
from model_serving.model_source import ModelAlias
from model_serving.model_store import LoadedModel, ModelStore
from model_serving.running_experiments import models_of
from model_serving.serving import Serving
from model_serving.variant_metrics import NOBODY, Answering


def recommender_for(visitor_id: str | None, serving: Serving) -> tuple[LoadedModel | None, VariantName | None]:
    """Return the model that answers, and the variant that it stands for.

    Of several experiments of a visitor the first decides. One of which a model is missing is on hold, as is a canary
    that nobody watches: the champion answers, for no variant. Were the other variants shown meanwhile, the report would
    compare different times.
    """
    assigned = None if visitor_id is None else _assigned(visitor_id, serving)
    if assigned is not None:
        loaded = serving.models.current(RECOMMENDER, assigned.model or CHAMPION)
        if loaded is not None:
            return loaded, VariantName(experiment=assigned.experiment, name=assigned.variant)
    return serving.models.current(RECOMMENDER), None


def _assigned(visitor_id: str, serving: Serving) -> Assignment | None:
    unwatched = serving.experiments.unwatched
    able = [
        each
        for each in serving.experiments.running
        if each.name not in unwatched and not missing_models(each, serving.models)
    ]
    return next(iter(assignments(visitor_id, able)), None)


def answering_now(serving: Serving) -> set[Answering]:
    """Return which models may answer now, and for which variants: those of all that runs, and the champion."""
    models = serving.models
    champion = answering(models.current(RECOMMENDER), None)
    return {champion} | {
        Answering(experiment.name, variant.name, loaded.version.version)
        for experiment in serving.experiments.running
        for variant, wanted in zip(experiment.variants, models_of(experiment), strict=True)
        if (loaded := models.current(*wanted)) is not None
    }


def answering(loaded: LoadedModel | None, variant: VariantName | None) -> Answering:
    """Return who answers, as it is counted."""
    version = loaded.version.version if loaded else NOBODY
    return Answering(variant.experiment, variant.name, version) if variant else Answering(NOBODY, NOBODY, version)


def missing_models(experiment: Experiment, models: ModelStore) -> list[ModelAlias]:
    """Return the models of the experiment's variants that are not there."""
    return [wanted for wanted in models_of(experiment) if models.current(*wanted) is None]
