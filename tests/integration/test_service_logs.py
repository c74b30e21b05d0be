"""What real servers write where nobody looks at a terminal: JSON, line by line, also in trouble."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deployment.settings import ApiSettings, KafkaSettings, LogSettings, MlflowSettings, RedisSettings, Settings
from tests.fixtures.collector import product_viewed, running_collector
from tests.fixtures.kafka import Kafka, free_ports
from tests.fixtures.live_path import LivePath
from tests.fixtures.served import serving_process
from tests.fixtures.stack import until

_FEATURES = "/v1/features/v-secret?customer_id=c-secret"


def _alone(directory: Path, **more: Any) -> Settings:
    """Return the settings of a model server that has nothing of what it needs."""
    api, kafka, redis, mlflow = free_ports(4)
    return Settings(
        data_dir=directory,
        api=ApiSettings(port=api),
        kafka=KafkaSettings(port=kafka),
        redis=RedisSettings(port=redis),
        mlflow=MlflowSettings(port=mlflow),
        **more,
    )


def _lines(log: Path) -> list[dict[str, Any]]:
    """Return all of a log but what the first start says; whoever else writes anything but JSON fails the test."""
    return [json.loads(line) for line in log.read_text().splitlines() if not line.startswith("made the client")]


def test_the_model_server_says_in_json_what_failed_and_for_which_request(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    with serving_process(_alone(tmp_path), log) as client:
        answer = client.get(_FEATURES, headers={"X-Request-ID": "shop-7"})
        assert (answer.status_code, answer.headers["x-request-id"]) == (503, "shop-7")
        key = client.headers["x-api-key"]
        # It is written once the answer is sent.
        until(lambda: "shop-7" in log.read_text())
    said = _lines(log)
    assert {line["service"] for line in said} == {"api"}
    assert any("Uvicorn running on" in line["message"] for line in said)
    [failed] = [line for line in said if line.get("request_id") == "shop-7"]
    assert (failed["level"], failed["status"], failed["route"]) == ("error", 503, "/v1/features/{visitor_id}")
    assert "does not answer" in failed["reason"]
    assert "secret" not in log.read_text()
    assert key not in log.read_text()


def test_in_text_where_the_setting_says_so(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    with serving_process(_alone(tmp_path, logs=LogSettings(format="text")), log) as client:
        client.get(_FEATURES)
        until(lambda: "error: GET /v1/features/{visitor_id}: 503 after " in log.read_text())


def test_the_collector_says_why_it_refused(own_kafka: Kafka, tmp_path: Path) -> None:
    with running_collector(own_kafka.settings, tmp_path / "collector.log") as collector, collector.client() as client:
        own_kafka.pause()
        try:
            answer = client.post(collector.url, json=product_viewed(1), headers={"X-Request-ID": "till-7"})
        finally:
            own_kafka.resume()
    assert answer.status_code == 503
    [failed] = [line for line in _lines(collector.log) if line.get("request_id") == "till-7"]
    assert (failed["service"], failed["status"]) == ("collector", 503)
    assert "did not acknowledge within 10 s" in failed["reason"]


def test_the_live_features_say_in_json_what_they_own(kafka: Kafka, tmp_path: Path) -> None:
    live = LivePath(kafka, tmp_path)
    live.start_redis()
    live.start("a")
    try:
        until(lambda: "partitions: 0 at " in live.log("a"))
    finally:
        live.close()
    assert {line["service"] for line in _lines(tmp_path / "a.log")} == {"live"}
