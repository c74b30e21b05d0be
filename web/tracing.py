"""Tracing by OpenTelemetry's API: what a process needs for it, and how a trace goes on into Kafka (W3C)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from opentelemetry.context import Context
from opentelemetry.trace import Tracer, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from contracts.topics import TRACEPARENT_HEADER

_W3C = TraceContextTextMapPropagator()


@dataclass(frozen=True)
class Tracing:
    """Makes spans of a process; ``close`` sends those that wait."""

    tracer: Tracer
    close: Callable[[], None]


def trace_headers() -> tuple[tuple[str, bytes], ...]:
    """Return the headers by which a message goes on in the caller's trace; none where the caller is not traced."""
    if not get_current_span().get_span_context().trace_flags.sampled:
        return ()
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return ((TRACEPARENT_HEADER, carrier[TRACEPARENT_HEADER].encode()),)


def parent_of(traceparent: str) -> Context:
    """Return the context that a ``traceparent`` names; an empty one where it is none."""
    return _W3C.extract({TRACEPARENT_HEADER: traceparent}, Context())
