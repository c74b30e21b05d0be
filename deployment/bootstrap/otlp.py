"""OpenTelemetry's SDK: samples, and sends spans by OTLP over HTTP in the background."""

from __future__ import annotations

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from deployment.settings import TracingSettings
from web.tracing import Tracing

# An endpoint that is away costs a stop so long for each 512 of the 2,048 spans that wait at most.
_SENT_WITHIN_S = 2.0


def build_otlp(settings: TracingSettings, service: str) -> Tracing:
    """Return what traces ``service``: the ratio of new traces, and every request or message of one that is sampled."""
    sampler = ParentBased(TraceIdRatioBased(settings.sampled_ratio))
    provider = TracerProvider(sampler, Resource.create({SERVICE_NAME: f"aisle-{service}"}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(settings.endpoint, timeout=_SENT_WITHIN_S)))
    return Tracing(provider.get_tracer("aisle"), provider.shutdown)
