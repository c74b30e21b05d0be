"""One trace through processes: collector, Kafka, live features; and a model server whose endpoint is away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.topics import CLICKSTREAM, TRACEPARENT_HEADER
from deployment.settings import ApiSettings, MlflowSettings, RedisSettings, Settings, TracingSettings
from tests.fixtures.collector import product_viewed, running_collector
from tests.fixtures.kafka import Kafka, end_offsets, free_ports, read_messages
from tests.fixtures.live_path import LivePath
from tests.fixtures.served import serving_process
from tests.fixtures.span_sink import SpanSink, running_span_sink
from tests.fixtures.stack import until

_TRACE, _SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
_SAMPLED = {"traceparent": f"00-{_TRACE}-{_SPAN}-01"}


@pytest.fixture
def sink() -> Iterator[SpanSink]:
    with running_span_sink() as running:
        yield running


def test_an_event_is_followed_from_the_collector_over_kafka_to_the_live_features(
    kafka: Kafka, sink: SpanSink, tmp_path: Path
) -> None:
    kafka.fresh_topics()
    start = end_offsets(kafka.servers, CLICKSTREAM.name)
    traced = {"tracing": TracingSettings(endpoint=sink.endpoint, sampled_ratio=0)}
    live = LivePath(kafka, tmp_path)
    live.settings = live.settings.model_copy(update=traced)
    live.start_redis()
    live.start("a")
    try:
        settings = kafka.settings.model_copy(update=traced)
        with running_collector(settings, tmp_path / "collector.log") as collector, collector.client() as client:
            assert client.post(collector.url, json=product_viewed(1)).status_code == 202
            assert client.post(collector.url, json=product_viewed(2), headers=_SAMPLED).status_code == 202
            until(lambda: sink.named("aisle-live", "process clickstream"))
            until(lambda: sink.named("aisle-collector", "POST /v1/events"))
    finally:
        live.close()
    [request] = sink.named("aisle-collector", "POST /v1/events")
    [processed] = sink.named("aisle-live", "process clickstream")
    assert (request.trace, request.parent) == (_TRACE, _SPAN)
    assert (processed.trace, processed.parent) == (_TRACE, request.span)
    assert processed.attributes["messaging.batch.message_count"] == 1
    headers = [dict(message.headers) for message in read_messages(kafka.servers, CLICKSTREAM.name, start)]
    sent = [each[TRACEPARENT_HEADER] for each in headers if TRACEPARENT_HEADER in each]
    assert sent == [f"00-{_TRACE}-{request.span}-01".encode()]


def test_what_waits_is_sent_at_a_stop(kafka: Kafka, sink: SpanSink, tmp_path: Path) -> None:
    settings = kafka.settings.model_copy(update={"tracing": TracingSettings(endpoint=sink.endpoint, sampled_ratio=1)})
    with running_collector(settings, tmp_path / "collector.log") as collector, collector.client() as client:
        client.post(collector.url, json=product_viewed(1))
        collector.stop()
    assert sink.named("aisle-collector", "POST /v1/events")


def test_an_endpoint_that_is_away_costs_no_answer(kafka: Kafka, tmp_path: Path) -> None:
    api, redis, mlflow, nobody = free_ports(4)
    settings = Settings(
        data_dir=tmp_path,
        kafka=kafka.settings.kafka,
        api=ApiSettings(port=api),
        redis=RedisSettings(port=redis),
        mlflow=MlflowSettings(port=mlflow),
        tracing=TracingSettings(endpoint=f"http://127.0.0.1:{nobody}/v1/traces", sampled_ratio=1),
    )
    with serving_process(settings, tmp_path / "api.log") as client:
        for _ in range(20):
            began = time.monotonic()
            assert client.get("/v1/trending").status_code == 200
            assert time.monotonic() - began < 5
