"""Messages that belong to a trace: one span a batch and trace, none for what is not sampled or no trace."""

from __future__ import annotations

import pytest
from confluent_kafka import Message

from stream_processing.live.message_traces import MessageTraces
from tests.fixtures.traces import Traces

_TRACE, _SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
_OTHER = _TRACE[::-1]


def _message(traceparent: bytes | None) -> Message:
    headers: list[tuple[str, str | bytes | None]] = [("producer", b"web")]
    return Message(headers=headers + ([("traceparent", traceparent)] if traceparent else []))


def _sampled(trace: str) -> Message:
    return _message(f"00-{trace}-{_SPAN}-01".encode())


def test_a_batch_is_one_span_in_each_trace() -> None:
    traces = Traces()
    messages = [_sampled(_TRACE), _message(None), _sampled(_OTHER), _sampled(_TRACE), Message()]
    MessageTraces(traces.tracing.tracer).took(messages, 1_000_000_000, 3_000_000_000)
    first, second = traces.exporter.get_finished_spans()
    assert [f"{span.context.trace_id:032x}" for span in (first, second) if span.context] == [_TRACE, _OTHER]
    assert first.parent is not None
    assert (first.name, f"{first.parent.span_id:016x}") == ("process clickstream", _SPAN)
    assert (first.start_time, first.end_time) == (1_000_000_000, 3_000_000_000)
    counts = [span.attributes["messaging.batch.message_count"] for span in (first, second) if span.attributes]
    assert counts == [2, 1]


@pytest.mark.parametrize("traceparent", [b"", b"garbage", b"\xff\xfe", f"00-{_TRACE}-{_SPAN}-00".encode()])
def test_what_is_no_trace_or_not_sampled_leaves_nothing(traceparent: bytes) -> None:
    traces = Traces(ratio=1.0)
    MessageTraces(traces.tracing.tracer).took([_message(traceparent)], 1, 2)
    assert traces.spans == {}
