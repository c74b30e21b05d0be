"""Wires the HTTP collector."""

from __future__ import annotations

from fastapi import FastAPI

from deployment.bootstrap.access import build_access
from deployment.bootstrap.tracing import build_tracing
from deployment.settings import Settings
from ingestion.collector.app import build_app
from ingestion.collector.collecting import Collector
from ingestion.collector.reading import Limits
from ingestion.confluent_acknowledged_bus import ConfluentAcknowledgedBus


def build_collector(settings: Settings) -> FastAPI:
    """Return the collector of these settings; it needs nothing else to be up."""
    bus = ConfluentAcknowledgedBus(settings.kafka.bootstrap_servers)
    limits = Limits(settings.collector.max_body_bytes, settings.collector.max_batch_events)
    access, tracing = build_access(settings, settings.collector.access), build_tracing(settings, "collector")
    return build_app(Collector(bus, limits), settings.collector.allowed_origins, access, tracing)
