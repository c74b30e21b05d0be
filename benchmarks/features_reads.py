"""How long reads of live features take in-process, over the values that the benchmark's events have left."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from random import Random
from typing import cast

import numpy as np
from redis import Redis

from deployment.bootstrap.live import build_live_features
from deployment.settings import Settings
from feature_store.live.keys import Kind
from feature_store.live.reader import LiveFeatures

_WARM_UP = 200
_READS = 3_000


def read_latencies(settings: Settings) -> dict[str, float]:
    """Return p50 and p99 in ms of three reads, of others' ids each time.

    One visitor (25 features and the session's 19), one with 100 products, one with 500 (20 features each).
    """
    client, reader, random = Redis.from_url(settings.redis.url), build_live_features(settings), Random(1)  # noqa: S311
    visitors, products = _ids(client, Kind.VISITOR, 20_000), _ids(client, Kind.PRODUCT, 100_000)
    keys = cast("int", client.dbsize())
    found: dict[str, float] = {"products": len(products), "redis_mib": _mib(client), "redis_keys": keys}
    for name, wanted in (("1x20", 0), ("100x15", 100), ("500", 500)):
        requests = [(random.choice(visitors), random.choices(products, k=wanted)) for _ in range(_WARM_UP + _READS)]
        p50, p99 = _percentiles(reader, requests)
        found |= {f"read_{name}_p50_ms": p50, f"read_{name}_p99_ms": p99}
    return found


def _percentiles(reader: LiveFeatures, requests: Sequence[tuple[str, list[str]]]) -> tuple[float, float]:
    seconds = []
    for visitor_id, product_ids in requests:
        started = time.perf_counter()
        reader.read(visitor_id, product_ids)
        seconds.append(time.perf_counter() - started)
    p50, p99 = np.percentile(seconds[_WARM_UP:], [50, 99]) * 1000
    return round(float(p50), 3), round(float(p99), 3)


def _ids(client: Redis, kind: Kind, most: int) -> list[str]:
    """Return ids that Redis holds something of."""
    found: set[str] = set()
    for key in client.scan_iter(f"live:*:{kind.value}:*", count=5_000):
        found.add(re.split(r":", key.decode(), maxsplit=3)[3])
        if len(found) == most:
            break
    return sorted(found)


def _mib(client: Redis) -> float:
    memory = cast("dict[str, int]", client.info("memory"))
    return round(memory["used_memory"] / 2**20, 1)
