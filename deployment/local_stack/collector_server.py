"""The HTTP collector, as seen from outside."""

from __future__ import annotations

from deployment.bootstrap.tls import build_local_trust
from deployment.local_stack.http_health import says_it_is_well
from deployment.settings import Settings

_ANSWER_WITHIN_S = 5.0


def collector_url(settings: Settings) -> str:
    """Return the URL that the collector listens on."""
    return f"{settings.tls.scheme}://{settings.collector.host}:{settings.collector.port}"


def collector_is_healthy(settings: Settings) -> bool:
    """Say whether the collector answers and would get its events into Kafka."""
    return says_it_is_well(f"{collector_url(settings)}/health/ready", _ANSWER_WITHIN_S, build_local_trust(settings.tls))
