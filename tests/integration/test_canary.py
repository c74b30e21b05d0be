"""Three canaries in a real model server under a real watch: one fails, one is slow, one is well."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from contracts import SystemClock
from contracts.experiments import Bounds, Experiment, Experiments, Variant
from deployment.bootstrap.experiments_file import build_experiments_file
from deployment.local_stack.api_server import api_url
from deployment.local_stack.services import aisle_executable
from deployment.settings import ApiSettings, KafkaSettings, MlflowSettings, RedisSettings, Settings, child_environment
from tests.fixtures.kafka import free_ports
from tests.fixtures.kept_models import PRODUCTS, keep_recommender
from tests.fixtures.served import live_server

_FAULTS = {"broken": "fails", "lame": "is slow"}
_CANARIES = ("broken", "lame", "good")
_ASKED_AT_ONCE = 8
_UNSEEN = "{} is on hold: `aisle experiments watch` does not see it"


def _canary(name: str, place: int) -> Experiment:
    """A canary of the alias of its name, on a fourth of the visitors."""
    return Experiment(
        name=name,
        layer="recommendations",
        metric="click_ratio",
        variants=(Variant(name="now", share=1), Variant(name="new", share=1, model=name)),
        planned_visitors=1000,
        buckets=((2500 * place, 2500 * (place + 1)),),
        started_at=SystemClock().now(),
        bounds=Bounds(errors=0.01, p99_ms=250),
    )


@pytest.fixture
def settings(tmp_path: Path, redis_url: str) -> Settings:
    """A stack whose server has all models from disk: MLflow and Kafka are away. All ask for one list: none is kept."""
    api, mlflow, kafka = free_ports(3)
    settings = Settings(
        data_dir=tmp_path,
        api=ApiSettings(port=api, access="open", cache=False),
        mlflow=MlflowSettings(port=mlflow),
        kafka=KafkaSettings(port=kafka),
        redis=RedisSettings(server_url=redis_url),
    )
    models = keep_recommender(settings, *_CANARIES)
    for version, name in enumerate(_CANARIES, start=2):
        if name in _FAULTS:
            (models / f"{version}-kept" / "fault").write_text(_FAULTS[name])
    canaries = tuple(_canary(name, place) for place, name in enumerate(_CANARIES))
    build_experiments_file(settings).change(lambda _: Experiments(experiments=canaries))
    return settings


@contextmanager
def _watching(settings: Settings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            [aisle_executable(), "experiments", "watch"], env=child_environment(settings), stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class _Shop:
    """The server as its visitors see it, who come without end, each once."""

    def __init__(self, http: httpx.Client, pool: ThreadPoolExecutor) -> None:
        self._http = http
        self._pool = pool
        self._numbers = count()

    def come(self) -> set[tuple[str, str]]:
        """Let the next few ask; return the experiments and variants of what they got."""
        names = [f"v-{next(self._numbers)}" for _ in range(_ASKED_AT_ONCE)]
        return {variant for variant in self._pool.map(self._ask, names) if variant}

    def on_hold(self) -> str:
        """Return what ``/health`` says of experiments."""
        reason: str = self._http.get("/health").json()["dependencies"]["experiments"]["reason"]
        return reason

    def _ask(self, visitor: str) -> tuple[str, str] | None:
        answer = self._http.get(f"/v1/recommendations/{visitor}", params={"product_id": PRODUCTS[5]})
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        assert body["source"] == "model"
        variant = body["variant"]
        return (variant["experiment"], variant["name"]) if variant else None


@pytest.fixture
def shop(settings: Settings) -> Iterator[_Shop]:
    with httpx.Client(base_url=api_url(settings), timeout=30) as http, ThreadPoolExecutor(_ASKED_AT_ONCE) as pool:
        yield _Shop(http, pool)


def test_those_with_a_fault_are_rolled_back_within_seconds_and_the_good_one_goes_on(
    settings: Settings, shop: _Shop, tmp_path: Path
) -> None:
    command, watch_log = [sys.executable, "-m", "tests.fixtures.faulty_server"], tmp_path / "watch.log"
    with live_server(command, settings, tmp_path / "server.log"):
        _until(lambda: shop.on_hold() == "; ".join(map(_UNSEEN.format, _CANARIES)))
        assert shop.come() == set()
        with _watching(settings, watch_log):
            _until(lambda: not shop.on_hold())
            _until(lambda: bool(shop.come()) and len(_rolled_back(settings)) == 2)
            time.sleep(2)  # the servers look every second
            assert {each for _ in range(20) for each in shop.come()} == {("good", "now"), ("good", "new")}
        (tmp_path / "canary-watch.json").unlink()  # sooner than half a minute
        _until(lambda: shop.on_hold() == _UNSEEN.format("good"))
        assert shop.come() == set()
    why = _rolled_back(settings)
    assert why["broken"].endswith("lists of new failed: expected at most 1.00%")
    assert why["lame"].endswith("lists of new took longer than 250 ms: expected at most 1%")
    told = watch_log.read_text()
    assert "good: nothing speaks against it" in told
    assert all(f"{name}: rolled back: {reason}" in told for name, reason in why.items())
    assert "Traceback" not in told
    audit = [orjson.loads(line) for line in (tmp_path / "access" / "audit.jsonl").read_bytes().splitlines()]
    assert {each["experiment"]: each["why"] for each in audit} == why


def _rolled_back(settings: Settings) -> dict[str, str]:
    all_ = build_experiments_file(settings).read().experiments
    return {each.name: each.rolled_back for each in all_ if each.state == "rolled back"}


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold within 60 s"
        time.sleep(0.05)
