"""The traces that messages belong to: a span of each batch in them, until its values are readable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from confluent_kafka import Message
from opentelemetry.trace import SpanKind, Tracer, get_current_span

from contracts.topics import CLICKSTREAM, TRACEPARENT_HEADER
from web.tracing import parent_of

_NAME = f"process {CLICKSTREAM.name}"
_ATTRIBUTES: dict[str, Any] = {
    "messaging.system": "kafka",
    "messaging.operation.type": "process",
    "messaging.destination.name": CLICKSTREAM.name,
}


class MessageTraces:
    """Makes the spans, with the attributes of OpenTelemetry's messaging conventions."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def took(self, messages: Sequence[Message], from_ns: int, to_ns: int) -> None:
        """Note a batch that was begun and readable at these times (ns since 1970), once in each trace."""
        traceparents = Counter(filter(None, map(_traceparent, messages)))
        for traceparent, count in traceparents.items():
            parent = parent_of(traceparent)
            if get_current_span(parent).get_span_context().trace_flags.sampled:
                attributes = _ATTRIBUTES | {"messaging.batch.message_count": count}
                span = self._tracer.start_span(_NAME, parent, SpanKind.CONSUMER, attributes, start_time=from_ns)
                span.end(to_ns)


def _traceparent(message: Message) -> str:
    headers: dict[str, Any] = dict(message.headers() or ())
    return (headers.get(TRACEPARENT_HEADER) or b"").decode("ascii", errors="replace")
