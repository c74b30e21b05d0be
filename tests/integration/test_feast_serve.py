"""Feast's own servers read what Aisle wrote: by the file of `aisle features apply`, and `aisle features ui`."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis import Redis

from contracts.tables import GOLD_PRODUCT_FEATURES
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.features import build_feature_store, build_online_features
from deployment.settings import RedisSettings, Settings, child_environment
from feature_store.definitions import PRODUCT_FEATURES
from feature_store.materialize import materialize
from feature_store.repository import apply_definitions, write_repo_file
from tests.fixtures.gold_rows import land
from tests.fixtures.live_events import click
from tests.fixtures.live_store import fill_live

MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
_UP_WITHIN_S = 120
_BIN = Path(sys.executable).parent


@pytest.fixture
def settings(redis_url: str, tmp_path: Path) -> Settings:
    """Return the settings of a lake with one product, which is materialized."""
    settings = Settings(data_dir=tmp_path, redis=RedisSettings(server_url=redis_url))
    row = {"product_id": "served-p", "as_of": MIDNIGHT, "unit_price": Decimal("9.99"), "views_7d": 3}
    land(Path(settings.lake), GOLD_PRODUCT_FEATURES, [row])
    materialize(ArrowLake(settings.lake), build_online_features(settings), PRODUCT_FEATURES)
    return settings


@contextmanager
def running(settings: Settings, command: Sequence[object], port: int, path: str) -> Iterator[str]:
    """Run a server, and yield its address once it answers."""
    with (settings.data_dir / "serve.log").open("wb") as log:
        process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, env=child_environment(settings))
        try:
            _wait(f"http://127.0.0.1:{port}{path}", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _UP_WITHIN_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"feast serve ended with {process.returncode}"
        try:
            if httpx.get(url).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"feast serve did not answer within {_UP_WITHIN_S} s")


def test_feasts_server_answers_with_our_values(settings: Settings) -> None:
    store = build_feature_store(settings)
    apply_definitions(store)
    folder, port = write_repo_file(store.config), free_port()
    assert (folder / "feature_store.yaml").stat().st_mode & 0o077 == 0
    asked = {
        "features": ["product_features:unit_price", "product_features:views_7d"],
        "entities": {"product_id": ["served-p", "nobody"]},
    }
    command = [_BIN / "feast", "-c", folder, "serve", "-p", port]
    with running(settings, command, port, "/health") as server:
        values = _asked(server, asked)
        now = datetime.now(UTC)
        with Redis.from_url(settings.redis.url) as client:
            fill_live(client, [click("product_viewed", "e-served", now, "served-v", product_id="served-p")], now)
        live = ["visitor_features:event_count", "product_activity:views_1m", "product_features:views_7d"]
        of_now = _asked(
            server, {"features": live, "entities": {"visitor_id": ["served-v"], "product_id": ["served-p"]}}
        )
    assert values["unit_price"] == [9.99, None]
    assert values["views_7d"] == [3, None]
    assert (of_now["event_count"], of_now["views_1m"], of_now["views_7d"]) == ([1], [1.0], [3])


def _asked(server: str, question: dict[str, Any]) -> dict[str, Any]:
    answer = httpx.post(f"{server}/get-online-features", json=question, timeout=30).json()
    names = answer["metadata"]["feature_names"]
    return dict(zip(names, (each["values"] for each in answer["results"]), strict=True))


def test_feasts_page_shows_our_views(settings: Settings) -> None:
    port = free_port()
    with running(settings, [_BIN / "aisle", "features", "ui", "--port", port], port, "/") as server:
        page = httpx.get(server, follow_redirects=True).text
        found = httpx.get(f"{server}/api/v1/feature_views", params={"project": "aisle"}, timeout=30)
    assert "<html" in page.lower()
    assert "product_features" in found.text
