"""Whether the server is ready; and if not, what is missing."""

from __future__ import annotations

from contracts.errors import OnlineStoreUnavailableError
from model_serving.answers import DependencyHealth, Health
from model_serving.impression_publisher import ImpressionPublisher
from model_serving.model_store import ModelStore
from model_serving.online_reader import OnlineReader
from model_serving.serving import Serving

_NO_VISITOR = "health-check"


def health_of(serving: Serving) -> Health:
    """Ready means: Redis answers, and every model is loaded. What else is wrong is in the reasons.

    Without Kafka answers are as good: impressions are spooled.
    """
    needed = {"redis": _redis(serving.online)}
    needed |= {f"model:{name}": _model(serving.models, name) for name in serving.models.names}
    ready = all(dependency.ok for dependency in needed.values())
    return Health(live=True, ready=ready, dependencies=needed | {"kafka": _kafka(serving.impressions)})


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
