"""The model server of the local stack, as seen from outside."""

from __future__ import annotations

from deployment.bootstrap.tls import build_local_trust
from deployment.local_stack.http_health import says_it_is_well
from deployment.settings import Settings

_ANSWER_WITHIN_S = 2.0


def api_url(settings: Settings) -> str:
    """Return the URL that the model server listens on."""
    return f"{settings.tls.scheme}://{settings.api.host}:{settings.api.port}"


def api_is_healthy(settings: Settings) -> bool:
    """Say whether the server is live; ready to answer with a model is more, and comes with the first champion."""
    return says_it_is_well(f"{api_url(settings)}/health/live", _ANSWER_WITHIN_S, build_local_trust(settings.tls))
