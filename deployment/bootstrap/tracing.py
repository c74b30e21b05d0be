"""Whether a process traces, and where to."""

from __future__ import annotations

from importlib import import_module

from deployment.settings import Settings
from web.tracing import Tracing


def build_tracing(settings: Settings, service: str) -> Tracing | None:
    """Return what traces a service; None unless the settings name an endpoint: OpenTelemetry's SDK is not loaded."""
    if not settings.tracing.endpoint:
        return None
    tracing: Tracing = import_module("deployment.bootstrap.otlp").build_otlp(settings.tracing, service)
    return tracing
