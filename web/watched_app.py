"""An app whose requests are named, counted, timed, logged and, with tracing, traced."""

from __future__ import annotations

from fastapi import FastAPI

from web.request_id import NameRequests
from web.request_metrics import CountRequests, RequestMetrics
from web.trace_requests import TraceRequests
from web.tracing import Tracing


def watch(app: FastAPI, metrics: RequestMetrics, tracing: Tracing | None) -> None:
    """Add what watches requests, outside of all that was added before."""
    app.add_middleware(CountRequests, metrics=metrics, tracer=tracing.tracer if tracing else None)
    if tracing is not None:
        app.add_middleware(TraceRequests, tracer=tracing.tracer)
    app.add_middleware(NameRequests)
