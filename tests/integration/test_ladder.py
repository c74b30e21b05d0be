"""The model server as a process, of which everything it needs is taken away: it answers from the next rung."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from redis import Redis

from contracts.topics import CLICKSTREAM
from deployment.settings import ApiSettings, KafkaSettings, MlflowSettings, RedisSettings, Settings
from tests.fixtures.kafka import Kafka, end_offsets, free_ports, read_messages
from tests.fixtures.kept_models import keep_recommender
from tests.fixtures.live_events import click
from tests.fixtures.live_store import fill_live
from tests.fixtures.redis import OwnRedis
from tests.fixtures.served import serving_process

_HOME = "/v1/recommendations/v-1"
_SESSION = {"placement": "session", "visitor_id": "v-1", "product_ids": ["p05", "p06"]}


def _settings(directory: Path, redis: RedisSettings, kafka: KafkaSettings) -> Settings:
    api, mlflow = free_ports(2)
    return Settings(
        data_dir=directory, redis=redis, kafka=kafka, api=ApiSettings(port=api), mlflow=MlflowSettings(port=mlflow)
    )


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, "not within a minute"
        time.sleep(0.1)


@dataclass(frozen=True)
class Rung:
    """What a request got: the list's source, and why it is no better."""

    source: str
    fallback: str | None

    @classmethod
    def of(cls, answer: httpx.Response) -> Rung:
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return cls(body["source"], body["fallback"])


def _health(server: httpx.Client) -> dict[str, Any]:
    dependencies: dict[str, Any] = server.get("/health").json()["dependencies"]
    return dependencies


PERSONAL = Rung("model", None)
POPULAR = Rung("popularity", "online_store_unavailable")


def test_with_everything_away_it_starts_and_says_so(tmp_path: Path) -> None:
    redis, kafka = free_ports(2)
    settings = _settings(tmp_path, RedisSettings(port=redis), KafkaSettings(port=kafka))
    with serving_process(settings, tmp_path / "server.log") as server:
        assert Rung.of(server.get(_HOME)) == Rung("empty", "no_model")
        assert server.get(_HOME, headers={"X-API-Key": "aisle_none"}).status_code == 401
        _until(lambda: not _health(server)["kafka"]["ok"])
        _until(lambda: "does not answer" in _health(server)["model:recommender"]["reason"])
        answer = server.get("/health/ready")
        assert answer.status_code == 503
        assert {name for name, state in answer.json()["dependencies"].items() if not state["ok"]} == {
            *("redis", "kafka", "model:recommender", "model:purchase")
        }
    assert "Traceback" not in (tmp_path / "server.log").read_text()


def test_redis_is_taken_away_in_three_ways(own_redis: OwnRedis, tmp_path: Path) -> None:
    settings = _settings(tmp_path / "data", own_redis.settings.redis, KafkaSettings(port=free_ports(1)[0]))
    keep_recommender(settings)
    client = Redis.from_url(own_redis.settings.redis.url)
    now = datetime.now(UTC)
    fill_live(client, [click("product_viewed", f"e-{n}", now, product_id=f"p{n:02d}") for n in range(3)], now)
    with serving_process(settings, tmp_path / "server.log") as server:
        _until(lambda: Rung.of(server.get(_HOME)) == PERSONAL)
        assert _health(server)["model:recommender"]["origin"] == "snapshot"

        own_redis.send(signal.SIGSTOP)
        assert Rung.of(server.get(_HOME)) == POPULAR
        assert Rung.of(server.post("/v1/recommendations", json=_SESSION)) == PERSONAL
        own_redis.send(signal.SIGCONT)
        _until(lambda: Rung.of(server.get(_HOME)) == PERSONAL)

        own_redis.stop(signal.SIGKILL)
        _until(lambda: Rung.of(server.get(_HOME)) == POPULAR)
        assert Rung.of(server.post("/v1/recommendations", json=_SESSION)) == PERSONAL
        own_redis.start()
        _until(lambda: Rung.of(server.get(_HOME)) == PERSONAL)

        client.config_set("maxmemory", "1mb")
        assert Rung.of(server.get(_HOME)) == PERSONAL
    assert "Traceback" not in (tmp_path / "server.log").read_text()


def test_a_broken_model_on_disk_is_refused_by_name(own_redis: OwnRedis, tmp_path: Path) -> None:
    settings = _settings(tmp_path / "data", own_redis.settings.redis, KafkaSettings(port=free_ports(1)[0]))
    [files] = [path for path in keep_recommender(settings).iterdir() if path.is_dir()]
    (files / "two_stage.npz").write_bytes((files / "two_stage.npz").read_bytes()[:1000])
    with serving_process(settings, tmp_path / "server.log") as server:
        assert Rung.of(server.get(_HOME)) == Rung("empty", "no_model")
        _until(lambda: "version 1 is refused" in (tmp_path / "server.log").read_text())


@pytest.mark.parametrize("taken", ["killed", "paused"])
def test_what_was_shown_without_kafka_arrives_once_it_is_back(
    own_redis: OwnRedis, own_kafka: Kafka, tmp_path: Path, taken: str
) -> None:
    settings = _settings(tmp_path / "data", own_redis.settings.redis, own_kafka.settings.kafka)
    keep_recommender(settings)
    start = end_offsets(own_kafka.servers, CLICKSTREAM.name)
    shown: set[str] = set()

    def show(times: int) -> None:
        for _ in range(times):
            shown.add(server.get(_HOME, headers={"X-Request-ID": f"{taken}-{len(shown)}"}).json()["request_id"])

    with serving_process(settings, tmp_path / "server.log") as server:
        _until(lambda: Rung.of(server.get(_HOME)).source != "empty")
        show(20)
        own_kafka.kill() if taken == "killed" else own_kafka.pause()
        show(20)
        _until(lambda: not _health(server)["kafka"]["ok"])
        show(20)
        own_kafka.start() if taken == "killed" else own_kafka.resume()
        _until(lambda: _health(server)["kafka"]["ok"])
        show(20)
        _until(lambda: shown <= _arrived(own_kafka, start))
    assert len(shown) == 80


def _arrived(kafka: Kafka, start: list[int]) -> set[str]:
    return {orjson.loads(read.value)["request_id"] for read in read_messages(kafka.servers, CLICKSTREAM.name, start)}
