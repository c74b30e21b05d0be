"""What the model server is measured on: its Kafka and Redis, 100,000 visitors and all products online, its models.

MLflow is away, so that the models are those of the server's last run; the live path and the streams are, too: the cores
are for the server and the load.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import psutil
from redis import Redis

from benchmarks import retailrocket
from benchmarks.features_stack import bench_stack
from benchmarks.running import http_server, in_own_process
from benchmarks.serving_models import install_models
from benchmarks.serving_traffic import Traffic, product_id, retailrocket_traffic, visitor_id
from deployment.bootstrap.features import build_online_features
from deployment.local_stack.api_server import api_url
from deployment.local_stack.processes import tree_of
from deployment.local_stack.services import aisle_executable
from deployment.settings import Settings, child_environment
from feature_store.stored_views import PRODUCT
from tests.fixtures.live_events import click
from tests.fixtures.live_store import LiveStore

_VISITORS_AT_ONCE, _VALUES_AT_ONCE, _PRODUCTS_AT_ONCE = 10_000, 20_000, 2_000
_BETWEEN_VIEWS = timedelta(seconds=10)
_LAST_VIEW_WITHIN_S = 1_200
_BRANDS, _CATEGORIES = 500, 40


@dataclass(frozen=True)
class ServingStack:
    """What runs, who asks, and where the recommender's files are."""

    settings: Settings
    traffic: Traffic
    recommender: Path


@dataclass(frozen=True)
class Server:
    """A server that is ready, and how long it took to be."""

    port: int
    process: subprocess.Popen[bytes]
    ready_within_s: float

    def cpu_s(self) -> float:
        """Return the processor time that it has used."""
        return sum(psutil.Process(self.process.pid).cpu_times()[:2])


@contextmanager
def serving_stack() -> Iterator[ServingStack]:
    """Yield a stack with everything there but the model server."""
    with bench_stack() as (guarded, stack):
        # Requests without a key: the guard costs 6 µs of each (ADR 0019). Every list is made.
        api = guarded.api.model_copy(update={"access": "open", "cache": False})
        settings = guarded.model_copy(update={"api": api})
        stack.up(["kafka", "redis"])
        recommender = install_models(settings)
        in_own_process(_fill_visitors, settings)
        in_own_process(_fill_products, settings)
        yield ServingStack(settings, retailrocket_traffic(), recommender)


@contextmanager
def model_server(settings: Settings) -> Iterator[Server]:
    """Run the model server as the stack does, once it is ready."""
    started, log = time.perf_counter(), settings.data_dir / "serve.log"
    health = f"{api_url(settings)}/health/ready"
    with http_server([aisle_executable(), "serve"], health, log, child_environment(settings)) as process:
        yield Server(settings.api.port, process, time.perf_counter() - started)


def rss_mib(pid: int) -> int:
    """Return the resident memory of a process and those below it."""
    return round(sum(process.memory_info().rss for process in tree_of([pid])) / 2**20)


def _fill_visitors(settings: Settings) -> None:
    """Write what the real-time path would of the visitors' sessions: product views, the last at most 20 minutes ago."""
    now, random, store = datetime.now(UTC), Random(0), LiveStore()  # noqa: S311
    visitors = iter(enumerate(retailrocket_traffic().sessions))
    while part := list(islice(visitors, _VISITORS_AT_ONCE)):
        ends = [now - timedelta(seconds=random.uniform(1, _LAST_VIEW_WITHIN_S)) for _ in part]
        views = (
            _view(visitor, place, code, end - _BETWEEN_VIEWS * (len(session) - 1 - place))
            for (visitor, session), end in zip(part, ends, strict=True)
            for place, code in enumerate(session.tolist())
        )
        store.take(views, now)
    values = iter(store.values.items())
    with Redis.from_url(settings.redis.url) as client:
        while some := dict(islice(values, _VALUES_AT_ONCE)):
            client.mset(some)


def _view(visitor: int, place: int, code: int, at: datetime) -> dict[str, Any]:
    return click("product_viewed", f"e-{visitor}-{place}", at, visitor_id(visitor), product_id=product_id(code))


def _fill_products(settings: Settings) -> None:
    """Write facts of every product, as the batch does: all are sold and in stock, so that no rule costs recall."""
    online, at = build_online_features(settings), datetime.now(UTC) - timedelta(hours=6)
    unknown = dict.fromkeys(PRODUCT.features)
    rows = [unknown | _facts(code) | {"event_timestamp": at} for code in range(retailrocket.PRODUCTS)]
    for first in range(0, len(rows), _PRODUCTS_AT_ONCE):
        online.write(PRODUCT.name, rows[first : first + _PRODUCTS_AT_ONCE])


def _facts(code: int) -> dict[str, Any]:
    return {
        "product_id": product_id(code),
        "brand": f"brand-{code % _BRANDS}",
        "category": f"category-{code % _CATEGORIES}",
        "unit_price": 1 + code % 200,
        "quantity_on_hand": 1 + code % 50,
        "is_active": True,
    }
