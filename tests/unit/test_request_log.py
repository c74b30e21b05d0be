"""Lines of requests: of those that failed, with the reason and the ids, and nothing that names a person."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest
from fastapi.testclient import TestClient

from deployment.log_lines import JsonLines
from ingestion.collector.app import build_app
from ingestion.collector.collecting import Collector
from ingestion.collector.reading import Limits
from tests.fixtures.collector import product_viewed
from tests.fixtures.fake_acknowledged_bus import FakeAcknowledgedBus
from tests.fixtures.model_server import Shop, api, bare_api, open_shop, shop

__all__ = ["api", "bare_api", "open_shop", "shop"]


class Log:
    """What the servers log, as JSON."""

    def __init__(self) -> None:
        self._text = StringIO()
        self.handler = logging.StreamHandler(self._text)
        self.handler.setFormatter(JsonLines("api"))
        self.logger = logging.getLogger("web")

    @property
    def text(self) -> str:
        return self._text.getvalue()

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log() -> Iterator[Log]:
    kept = Log()
    kept.logger.addHandler(kept.handler)
    kept.logger.setLevel(logging.INFO)
    yield kept
    kept.logger.removeHandler(kept.handler)
    kept.logger.setLevel(logging.NOTSET)


def test_a_request_that_fails_has_a_line_with_its_reason_and_its_id(bare_api: TestClient, log: Log) -> None:
    answer = bare_api.post("/v1/purchase-prediction", json={"visitor_id": "v-secret"}, headers={"X-Request-ID": "r-7"})
    assert answer.status_code == 503
    [line] = log.lines
    assert (line["level"], line["request_id"], line["status"]) == ("error", "r-7", 503)
    assert (line["method"], line["route"]) == ("POST", "/v1/purchase-prediction")
    assert "no purchase model is loaded" in str(line["reason"])
    assert isinstance(line["duration_ms"], float)


def test_a_server_that_is_not_ready_has_not_failed(bare_api: TestClient, log: Log) -> None:
    assert bare_api.get("/health/ready").status_code == 503
    assert log.lines == []


def test_a_bug_is_a_failure(open_shop: Shop, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_shop.online, "read", None)
    with TestClient(open_shop.app, raise_server_exceptions=False) as client:
        assert client.get("/v1/features/v-1").status_code == 500
    assert [(line["level"], line["status"]) for line in log.lines] == [("error", 500)]


def test_a_request_that_was_wrong_or_went_well_has_none(api: TestClient, log: Log) -> None:
    assert api.get("/v1/recommendations/v-1").status_code == 200
    assert api.get("/v1/recommendations/v-1?limit=0").status_code == 422
    assert log.lines == []


def test_at_debug_all_have_one_and_it_names_no_visitor(api: TestClient, log: Log) -> None:
    log.logger.setLevel(logging.DEBUG)
    api.get("/v1/recommendations/v-secret?exclude=p-secret", headers={"X-API-Key": "key-secret"})
    [line] = log.lines
    assert (line["level"], line["route"]) == ("debug", "/v1/recommendations/{visitor_id}")
    assert "secret" not in log.text


def test_a_slow_request_has_a_line(open_shop: Shop, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.request_log._SLOW_S", 0.0)
    with TestClient(open_shop.app) as client:
        client.get("/v1/recommendations/v-1")
    assert [(line["level"], line["status"]) for line in log.lines] == [("warning", 200)]


def test_the_collector_names_requests_too(log: Log) -> None:
    bus = FakeAcknowledgedBus()
    bus.reachable = False
    with TestClient(build_app(Collector(bus, Limits(20_000, 50)))) as client:
        answer = client.post("/v1/events", json=product_viewed(1), headers={"X-Request-ID": "till-7"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (503, "till-7")
    [line] = log.lines
    assert (line["request_id"], line["route"]) == ("till-7", "/v1/events")
    assert "no Kafka broker answers at fake:9092" in str(line["reason"])
