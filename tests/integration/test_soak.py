"""The model server under load for half an hour: its memory stays flat, nobody gets an error, what it showed arrives.

``make test-slow ARGS="-k soak --soak-minutes 5 --soak-rate 200"`` loads a slower machine, or for less long.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import httpx
import orjson
import pytest
from redis import Redis

from benchmarks.serving_connection import get
from benchmarks.serving_figures import drive, figures, marked_ratio
from benchmarks.serving_load import Answers, Loaded
from benchmarks.serving_recall import PERSONALISED
from contracts.topics import CLICKSTREAM
from deployment.local_stack.api_server import api_url
from deployment.local_stack.processes import pss_mib, tree_of
from deployment.local_stack.services import aisle_executable
from deployment.settings import ApiSettings, MlflowSettings, Settings
from tests.fixtures.kafka import Kafka, each_message, end_offsets, free_ports
from tests.fixtures.kept_models import PRODUCTS, keep_recommender
from tests.fixtures.live_events import click
from tests.fixtures.live_store import fill_live
from tests.fixtures.redis import OwnRedis
from tests.fixtures.served import live_server
from tests.fixtures.soak import Soak

_VISITORS = 20_000
_SAMPLES = 120
_WARM_UP_S = 10.0


@pytest.mark.slow
@pytest.mark.timeout(3 * 3600)
def test_under_a_long_load_memory_stays_flat_and_every_impression_arrives(
    own_redis: OwnRedis, own_kafka: Kafka, tmp_path: Path, soak: Soak
) -> None:
    settings = _settings(tmp_path / "data", own_redis, own_kafka)
    keep_recommender(settings)
    requests = [get(f"/v1/recommendations/v-{visitor}?limit=20") for visitor in range(_VISITORS)]
    start = end_offsets(own_kafka.servers, CLICKSTREAM.name)
    with live_server([aisle_executable(), "serve"], settings, tmp_path / "server.log") as server:
        _until(lambda: _is_personal(settings))
        warm = drive(settings.api.port, requests, soak.requests_per_s, _WARM_UP_S, Answers())
        with ThreadPoolExecutor(1) as pool:
            load = pool.submit(
                drive, settings.api.port, requests, soak.requests_per_s, soak.seconds, Answers(marker=PERSONALISED)
            )
            memory = _memory_mib(server.pid, load, soak.seconds / _SAMPLES)
        answers = [len(each.took_ms) - each.errors for each in (warm, load.result())]
        _until(lambda: _sent(own_kafka, start) >= sum(answers))
    second, last = (median(memory[len(memory) * part // 4 : len(memory) * (part + 1) // 4]) for part in (1, 3))
    print(f"\n{figures(load.result())}, {second:.0f} MiB in the second quarter, {last:.0f} in the last")  # noqa: T201
    assert load.result().errors == 0
    assert marked_ratio(load.result()) == 1
    assert last <= 1.1 * second
    assert _lists_shown(own_kafka, start) >= sum(answers)


def _settings(directory: Path, redis: OwnRedis, kafka: Kafka) -> Settings:
    """A stack's settings with every visitor known online; MLflow is away."""
    now = datetime.now(UTC)
    views = (
        click("product_viewed", f"e-{visitor}-{nth}", now, f"v-{visitor}", product_id=PRODUCTS[(visitor + nth) % 30])
        for visitor in range(_VISITORS)
        for nth in range(3)
    )
    with Redis.from_url(redis.settings.redis.url) as client:
        fill_live(client, views, now)
    api, mlflow = free_ports(2)
    return Settings(
        data_dir=directory,
        redis=redis.settings.redis,
        kafka=kafka.settings.kafka,
        api=ApiSettings(port=api, access="open"),
        mlflow=MlflowSettings(port=mlflow),
    )


def _is_personal(settings: Settings) -> bool:
    return PERSONALISED in httpx.get(f"{api_url(settings)}/v1/recommendations/v-1").content


def _memory_mib(pid: int, load: Future[Loaded], every_s: float) -> list[float]:
    """Return the memory of a process and those below it, at each moment until the load is over."""
    found = []
    while not load.done():
        found.append(pss_mib(tree_of([pid])))
        time.sleep(every_s)
    return found


def _sent(kafka: Kafka, start: list[int]) -> int:
    return sum(end_offsets(kafka.servers, CLICKSTREAM.name)) - sum(start)


def _lists_shown(kafka: Kafka, start: list[int]) -> int:
    """Return how many different lists arrived; one may have come twice."""
    messages = each_message(kafka.servers, CLICKSTREAM.name, start)
    return len({orjson.loads(message.value)["request_id"] for message in messages})


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, "not within a minute"
        time.sleep(0.2)
