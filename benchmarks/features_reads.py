"""How long reads take, ours and Feast's side by side: the same features of the same entities, equal values asserted.

A month's events go through the real-time path; what it has made of them at one moment is then written by Feast's SDK
into Feast's own Redis store, in the same Redis. Ours sums windows at each read; Feast reads finished numbers.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import islice
from math import isnan
from pathlib import Path
from random import Random
from typing import Any

from redis import Redis

from benchmarks import features_ways as ways
from benchmarks.features_clients import Request, Way, latencies
from benchmarks.features_feast import feast_serve, open_feast, write
from benchmarks.features_memory import live_memory
from benchmarks.features_stack import bench_stack
from benchmarks.features_watch import LiveWatch
from benchmarks.running import http_server, in_own_process, say
from benchmarks.stream_events import messages
from deployment.settings import Settings
from feature_store.live.keys import Kind
from feature_store.live.reader import PRODUCT_FEATURES
from ingestion.confluent_bus import ConfluentBus
from tests.fixtures.kafka import free_ports

# A little less than the longest window.
_HISTORY = timedelta(days=29.9)
_VISITORS, _PRODUCTS = 2_000, 2_000
_SHAPES = (("1x20", 0), ("100x15", 100), ("500", 500))
_CLIENTS = (1, 8)
_REQUESTS_PER_CLIENT, _COMPARED = 200, 50
_ROWS_PER_WRITE = 500

# A way's name, itself, and what makes values of its answers.
Compared = tuple[str, Way, Callable[[Any], ways.Values]]


def measure(seconds: float, events: int) -> dict[str, Any]:
    """Let each way read for ``seconds`` in each shape; return percentiles of all, and what Redis holds of ``events``.

    Raises ``RuntimeError`` where two ways give other values, or an event was not counted.
    """
    with bench_stack() as (settings, stack), ExitStack() as servers:
        stack.up(["live"])
        result = _trade_a_month(settings, events)
        reader = ways.OwnReader(settings.redis.url, datetime.now(UTC))
        stack.down()
        stack.up(["redis"])
        client = Redis.from_url(settings.redis.url)
        visitors, products = _ids(client, Kind.VISITOR, _VISITORS), _ids(client, Kind.PRODUCT, _PRODUCTS)
        folder = settings.data_dir / "feast_bench"
        _copy_to_feast(reader, folder, settings.redis.port, visitors, products)
        compared = list(_ways(settings, reader, folder, servers))
        _require_equal(compared, _requests(Random(0), visitors, products, 100, _COMPARED))  # noqa: S311
        named = [("bare_mget_read", ways.BareMget(settings.redis.url)), *((name, way) for name, way, _ in compared)]
        for shape, count in _SHAPES:
            for clients in _CLIENTS:
                seeds = (Random(each) for each in range(clients))  # noqa: S311
                asked = [_requests(seed, visitors, products, count, _REQUESTS_PER_CLIENT) for seed in seeds]
                for name, way in named:
                    say(f"reads: {name}_{shape}, {clients} clients")
                    result |= latencies(f"{name}_{shape}", way, asked, seconds)
    return result


def _trade_a_month(settings: Settings, events: int) -> dict[str, Any]:
    """Send events spread over the longest window; return what Redis holds once all are counted."""
    say(f"reads: {events:,} events of a month through the real-time path")
    watch = LiveWatch(settings)
    in_own_process(_send_month, settings.kafka.bootstrap_servers, events)
    if missing := watch.until_counted():
        msg = f"reads: {missing} events were not counted within two minutes"
        raise RuntimeError(msg)
    return {"live_events": watch.counted} | live_memory(Redis.from_url(settings.redis.url))


def _send_month(servers: str, events: int) -> None:
    bus = ConfluentBus(servers)
    for message in islice(messages(0, datetime.now(UTC) - _HISTORY, _HISTORY / events), events):
        bus.publish(message)
    bus.close()


def _ids(client: Redis, kind: Kind, most: int) -> list[str]:
    """Return ids that Redis holds something of."""
    found: set[str] = set()
    for key in client.scan_iter(f"live:*:{kind.value}:*", count=5_000):
        found.add(re.split(":", key.decode(), maxsplit=3)[3])
        if len(found) == most:
            break
    return sorted(found)


def _copy_to_feast(
    reader: ways.OwnReader, folder: Path, redis_port: int, visitors: Sequence[str], products: Sequence[str]
) -> None:
    say(f"reads: {len(visitors)} visitors and {len(products)} products by Feast's SDK into its own store")
    store, read = open_feast(folder, redis_port), reader.open()
    of_visitors = {each: read(Request(each, [])).visitor.values for each in visitors}
    known = {each: values for each, values in of_visitors.items() if None not in values.values()}
    write(store, ways.VISITOR_VIEW, "visitor_id", known, reader.now)
    for first in range(0, len(products), _ROWS_PER_WRITE):
        part = list(products[first : first + _ROWS_PER_WRITE])
        rows = zip(part, read(Request(visitors[0], part)).products.values.tolist(), strict=True)
        known = {each: dict(zip(PRODUCT_FEATURES, row, strict=True)) for each, row in rows if not isnan(row[0])}
        write(store, ways.PRODUCT_VIEW, "product_id", known, reader.now)


def _ways(settings: Settings, reader: ways.OwnReader, folder: Path, servers: ExitStack) -> Iterator[Compared]:
    """Start the servers, and yield each way."""
    own_port, feast_port = free_ports(2)
    command = [sys.executable, "-m", "benchmarks.features_server", own_port, reader.redis_url, reader.now.isoformat()]
    health = f"http://127.0.0.1:{own_port}/health"
    servers.enter_context(http_server(command, health, settings.data_dir / "own_server.log"))
    servers.enter_context(feast_serve(folder, feast_port))
    yield "read", reader, ways.own_values
    yield "feast_sdk_read", ways.FeastSdk(folder), ways.feast_values
    yield "http_read", ways.OwnServer(own_port), ways.own_server_values
    yield "feast_serve_read", ways.FeastServer(feast_port), ways.feast_server_values


def _requests(
    random: Random, visitors: Sequence[str], products: Sequence[str], count: int, total: int
) -> list[Request]:
    return [Request(random.choice(visitors), random.sample(products, count)) for _ in range(total)]


def _require_equal(compared: Sequence[Compared], requests: Sequence[Request]) -> None:
    opened = [(name, way.open(), values_of) for name, way, values_of in compared]
    for request in requests:
        [(_, expected), *others] = [(name, values_of(read(request))) for name, read, values_of in opened]
        for name, values in others:
            differing = [each for each in expected if values.get(each) != expected[each]]
            if differing or values.keys() != expected.keys():
                msg = f"{name} gives other values of {request.visitor_id}: {differing[:5]}"
                raise RuntimeError(msg)
