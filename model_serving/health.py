"""Whether the server is ready; and if not, what is missing."""

from __future__ import annotations

from contracts.errors import OnlineStoreUnavailableError
from model_serving.answers import DependencyHealth, Health
from model_serving.model_store import ModelStore
from model_serving.online_reader import OnlineReader

_NO_VISITOR = "health-check"


def health_of(models: ModelStore, online: OnlineReader) -> Health:
    """Ready means: Redis answers, and every model is loaded. What else is wrong is in the reasons."""
    dependencies = {"redis": _redis(online)}
    dependencies |= {f"model:{name}": _model(models, name) for name in models.names}
    ready = all(dependency.ok for dependency in dependencies.values())
    return Health(live=True, ready=ready, dependencies=dependencies)


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
