"""Requests as traces: one span with its stages, in the client's trace, and on into Kafka; nothing where not sampled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from opentelemetry.trace import SpanKind, StatusCode

from contracts import Message
from ingestion.collector.app import build_app as build_collector
from ingestion.collector.collecting import Collector
from ingestion.collector.reading import Limits
from model_serving.app import build_app
from model_serving.online_reader import PatientReader
from tests.fixtures.collector import product_viewed
from tests.fixtures.fake_acknowledged_bus import FakeAcknowledgedBus
from tests.fixtures.model_server import Shop, open_shop, shop
from tests.fixtures.traces import Traces

__all__ = ["open_shop", "shop"]

_TRACE, _SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = {"traceparent": f"00-{_TRACE}-{_SPAN}-01"}
UNSAMPLED = {"traceparent": f"00-{_TRACE}-{_SPAN}-00"}
_HOME = "/v1/recommendations/v-1"


@pytest.fixture
def traces() -> Traces:
    return Traces()


@pytest.fixture
def traced(open_shop: Shop, traces: Traces) -> Iterator[TestClient]:
    serving = replace(open_shop.serving, online=PatientReader(open_shop.online))
    with TestClient(build_app(serving, tracing=traces.tracing), raise_server_exceptions=False) as client:
        yield client


def _trace_of(message: Message) -> list[str]:
    """Return the parts of the message's ``traceparent``."""
    return dict(message.headers)["traceparent"].decode().split("-")


def _one(shop: Shop) -> Message:
    deadline = time.monotonic() + 5
    while not shop.bus.messages:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    [message] = shop.bus.messages
    return message


def test_a_request_is_a_span_of_its_clients_trace_with_its_stages_below(
    traced: TestClient, traces: Traces, open_shop: Shop
) -> None:
    assert traced.get(_HOME, headers={**SAMPLED, "X-Request-ID": "r-1"}).status_code == 200
    request = traces.spans.pop("GET /v1/recommendations/{visitor_id}")
    assert request.context is not None
    assert request.parent is not None
    assert (request.kind, f"{request.parent.span_id:016x}") == (SpanKind.SERVER, _SPAN)
    assert request.attributes == {
        "http.request.method": "GET",
        "http.route": "/v1/recommendations/{visitor_id}",
        "http.response.status_code": 200,
        "aisle.request_id": "r-1",
    }
    stages = [span for span in traces.exporter.get_finished_spans() if span is not request]
    assert {span.name for span in stages} == {"features", "facts", "impression"}
    assert {span.parent and span.parent.span_id for span in stages} == {request.context.span_id}
    assert {f"{span.context.trace_id:032x}" for span in stages if span.context} == {_TRACE}
    _, trace, span, flags = _trace_of(_one(open_shop))
    impression = traces.spans["impression"].context
    assert impression is not None
    assert (trace, span, flags) == (_TRACE, f"{impression.span_id:016x}", "01")


@pytest.mark.parametrize("headers", [{}, UNSAMPLED, {"traceparent": "garbage"}, {"traceparent": f"00-{'0' * 32}-x-01"}])
def test_a_request_that_is_not_sampled_leaves_nothing(
    traced: TestClient, traces: Traces, open_shop: Shop, headers: dict[str, str]
) -> None:
    assert traced.get(_HOME, headers=headers).status_code == 200
    assert [name for name, _ in _one(open_shop).headers] == ["producer"]
    assert traces.spans == {}


def test_of_requests_without_a_trace_the_ratio_is_sampled_and_health_never(open_shop: Shop) -> None:
    traces = Traces(ratio=1.0)
    with TestClient(build_app(open_shop.serving, tracing=traces.tracing)) as client:
        client.get("/health")
        client.get("/metrics")
        assert traces.spans == {}
        client.get(_HOME)
    request = traces.spans["GET /v1/recommendations/{visitor_id}"]
    assert request.parent is None


def test_a_request_that_fails_is_an_error(traced: TestClient, traces: Traces, open_shop: Shop) -> None:
    open_shop.online.reachable = False
    assert traced.get("/v1/features/v-1", headers=SAMPLED).status_code == 503
    assert traces.spans["GET /v1/features/{visitor_id}"].status.status_code is StatusCode.ERROR
    assert traced.get("/v1/nothing", headers=SAMPLED).status_code == 404
    assert traces.spans["GET unmatched"].status.status_code is StatusCode.UNSET


def test_no_span_names_a_person(traced: TestClient, traces: Traces) -> None:
    traced.get("/v1/recommendations/v-secret?exclude=p-secret", headers={**SAMPLED, "X-API-Key": "key-secret"})
    assert traces.spans
    assert "secret" not in "".join(span.to_json() for span in traces.exporter.get_finished_spans())


def test_events_that_the_collector_takes_go_on_in_the_trace(traces: Traces) -> None:
    bus = FakeAcknowledgedBus()
    with TestClient(build_collector(Collector(bus, Limits(20_000, 50)), tracing=traces.tracing)) as client:
        client.post("/v1/events", json=[product_viewed(1), product_viewed(2)], headers=SAMPLED)
        client.post("/v1/events", json=product_viewed(3))
    assert set(traces.spans) == {"POST /v1/events", "check", "kafka"}
    request = traces.spans["POST /v1/events"].context
    assert request is not None
    first, second, third = bus.messages
    assert _trace_of(first) == _trace_of(second) == ["00", _TRACE, f"{request.span_id:016x}", "01"]
    assert list(third.headers) == [("producer", b"collector")]
