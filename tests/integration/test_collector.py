"""The collector as a process of its own, before a real broker that is killed."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import orjson
import pytest

from contracts.topics import CLICKSTREAM
from deployment.local_stack.services import aisle_executable, build_services
from deployment.settings import CollectorSettings, Settings, child_environment
from tests.fixtures.collector import CLIENTS, Load, RunningCollector, product_viewed, running_collector
from tests.fixtures.kafka import Kafka, end_offsets, read_messages

_SOON_S = 30.0


@pytest.fixture
def collector(own_kafka: Kafka, tmp_path: Path) -> Iterator[RunningCollector]:
    with running_collector(own_kafka.settings, tmp_path / "collector.log") as running:
        yield running


def test_no_event_answered_202_is_lost_when_the_broker_is_killed(own_kafka: Kafka, collector: RunningCollector) -> None:
    before = end_offsets(own_kafka.servers, CLICKSTREAM.name)
    with Load(collector) as load:
        _wait_for(lambda: load.statuses[202] >= 10)
        own_kafka.kill()
        _wait_for(lambda: len(load.refused) >= CLIENTS)
        _assert_that_it_says_so(load.refused[0], collector, own_kafka.servers)
        own_kafka.start()
        answered = load.statuses[202]
        _wait_for(lambda: load.statuses[202] >= answered + 10)
    assert set(load.statuses) == {202, 503}
    found = _ids(own_kafka, before)
    assert load.accepted <= set(found)
    assert {event_id for event_id, times in found.items() if times > 1} & load.accepted == set()


def test_no_event_answered_202_is_lost_when_the_collector_is_killed(
    own_kafka: Kafka, collector: RunningCollector
) -> None:
    before = end_offsets(own_kafka.servers, CLICKSTREAM.name)
    with Load(collector) as load:
        _wait_for(lambda: load.statuses[202] >= 10)
        collector.stop(signal.SIGKILL)
        _wait_for(lambda: set(load.statuses) != {202})
    assert 202 in load.statuses
    assert load.accepted <= set(_ids(own_kafka, before))


def test_a_stop_answers_the_requests_in_progress(own_kafka: Kafka, collector: RunningCollector) -> None:
    own_kafka.pause()
    with ThreadPoolExecutor(1) as pool, collector.client() as client:
        waiting = pool.submit(client.post, collector.url, json=product_viewed(1))
        time.sleep(0.5)
        collector.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        own_kafka.resume()
        assert waiting.result().status_code == 202
    collector.process.wait(_SOON_S)
    assert "Traceback" not in collector.log.read_text()


def test_a_taken_port_gets_one_clear_line(collector: RunningCollector) -> None:
    said = subprocess.run(
        [aisle_executable(), "collector"],
        env=child_environment(collector.settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert said.returncode == 2
    (line,) = said.stderr.splitlines()
    assert line.startswith(f"error: cannot listen on 127.0.0.1:{collector.settings.collector.port} (Address already")


def test_the_stack_runs_it_where_it_is_enabled() -> None:
    assert "collector" not in [service.name for service in build_services(Settings())]
    enabled = build_services(Settings(collector=CollectorSettings(enabled=True)))
    assert (enabled[-1].name, enabled[-1].needs) == ("collector", ("kafka",))


def _assert_that_it_says_so(answer: httpx.Response, collector: RunningCollector, servers: str) -> None:
    assert answer.json()["detail"].startswith(f"Kafka at {servers} did not acknowledge")
    assert int(answer.headers["retry-after"]) > 0
    assert httpx.get(collector.url.replace("/v1/events", "/health/ready"), timeout=60).status_code == 503
    assert "Traceback" not in collector.log.read_text()


def _ids(kafka: Kafka, start: list[int]) -> Counter[str]:
    return Counter(
        orjson.loads(read.value)["event_id"] for read in read_messages(kafka.servers, CLICKSTREAM.name, start)
    )


def _wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 2 * _SOON_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)
