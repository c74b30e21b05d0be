"""Whether the server is ready; and if not, what is missing."""

from __future__ import annotations

from contracts.errors import OnlineStoreUnavailableError
from model_serving.answers import DependencyHealth, Health
from model_serving.impression_publisher import ImpressionPublisher
from model_serving.model_store import ModelStore
from model_serving.online_reader import OnlineReader
from model_serving.serving import Serving
from model_serving.variants import missing_models

_NO_VISITOR = "health-check"


def health_of(serving: Serving) -> Health:
    """Ready means: Redis answers, and every champion is loaded. What else is wrong is in the reasons.

    Whatever is the matter with experiments, the champion answers; without Kafka answers are as good, and impressions
    are spooled.
    """
    needed = {"redis": _redis(serving.online)}
    needed |= {f"model:{name}": _model(serving.models, name) for name in serving.models.names}
    ready = all(dependency.ok for dependency in needed.values())
    others = {"kafka": _kafka(serving.impressions), "experiments": _experiments(serving)}
    return Health(live=True, ready=ready, dependencies=needed | others)


def _kafka(impressions: ImpressionPublisher) -> DependencyHealth:
    return DependencyHealth(ok=not impressions.failure, reason=impressions.failure)


def _redis(online: OnlineReader) -> DependencyHealth:
    try:
        online.read(_NO_VISITOR)
    except OnlineStoreUnavailableError as error:
        return DependencyHealth(ok=False, reason=str(error))
    return DependencyHealth(ok=True)


def _model(models: ModelStore, name: str) -> DependencyHealth:
    loaded, reason = models.current(name), models.reason(name)
    if loaded is None:
        return DependencyHealth(ok=False, reason=reason)
    return DependencyHealth(ok=True, reason=reason, version=loaded.version.version, origin=loaded.origin)


def _experiments(serving: Serving) -> DependencyHealth:
    models = serving.models
    on_hold = [
        f"{experiment.name} is on hold without {missing}: {models.reason(*missing)}"
        for experiment in serving.experiments.running
        for missing in missing_models(experiment, models)
    ]
    on_hold += [
        f"{name} is on hold: `aisle experiments watch` does not see it" for name in serving.experiments.unwatched
    ]
    reasons = [reason for reason in (serving.experiments.reason, *on_hold) if reason]
    return DependencyHealth(ok=not reasons, reason="; ".join(reasons))
