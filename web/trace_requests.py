"""Spans of requests, in the traces that their clients name."""

from __future__ import annotations

from http import HTTPStatus

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, format_trace_id
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.log_fields import REQUEST_IDS
from contracts.topics import TRACEPARENT_HEADER
from web.tracing import parent_of

# Health and metrics are asked for every few seconds: nobody looks for a trace of that.
_API = "/v1/"


class TraceRequests:
    """ASGI middleware: a span for each request that is sampled, in the trace that its ``traceparent`` names, if any.

    Attributes are those of OpenTelemetry's HTTP conventions: the route's template, never a path, which may name a
    person.
    """

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on within its span."""
        if scope["type"] != "http" or not scope["path"].startswith(_API):
            await self._app(scope, receive, send)
            return
        parent = parent_of(Headers(scope=scope).get(TRACEPARENT_HEADER, ""))
        with self._tracer.start_as_current_span(scope["method"], parent, SpanKind.SERVER) as span:
            if span.is_recording():
                await self._traced(span, scope, receive, send)
            else:
                await self._app(scope, receive, send)

    async def _traced(self, span: Span, scope: Scope, receive: Receive, send: Send) -> None:
        status = HTTPStatus.INTERNAL_SERVER_ERROR.value

        async def send_and_watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        ids = REQUEST_IDS.get()
        REQUEST_IDS.set({**ids, "trace_id": format_trace_id(span.get_span_context().trace_id)})
        try:
            await self._app(scope, receive, send_and_watch)
        finally:
            _describe(span, scope, status)
            span.set_attributes({f"aisle.{name}": value for name, value in ids.items()})


def _describe(span: Span, scope: Scope, status: int) -> None:
    route = getattr(scope.get("route"), "path", "unmatched")
    span.update_name(f"{scope['method']} {route}")
    span.set_attributes(
        {"http.request.method": scope["method"], "http.route": route, "http.response.status_code": status}
    )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.set_status(Status(StatusCode.ERROR))
