"""Clients that read as fast as they get answers, each a process of its own, and how long each answer took."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from itertools import cycle
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any, NamedTuple, Protocol

import numpy as np

_WARM_UP = 10
_READY_WITHIN_S = 120.0
# Clients start as copies of a process that has imported what takes seconds.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["benchmarks.features_ways"])


class Request(NamedTuple):
    """A visitor, and products, whose features are wanted."""

    visitor_id: str
    product_ids: list[str]


Read = Callable[[Request], Any]


class Way(Protocol):
    """A way to read, to be opened in the client's process."""

    def open(self) -> Read:
        """Connect, and return what reads."""
        ...


def latencies(name: str, way: Way, requests: Sequence[Sequence[Request]], seconds: float) -> dict[str, float]:
    """Let as many clients as there are lists of ``requests`` read for so long; return percentiles in ms and reads a s.

    Raises ``EOFError`` where a client failed: it has said why.
    """
    ready = _PROCESSES.Barrier(len(requests), timeout=_READY_WITHIN_S)
    pipes = [_PROCESSES.Pipe(duplex=False) for _ in requests]
    clients = [
        _PROCESSES.Process(target=_client, args=(way, each, seconds, ready, mine), daemon=True)
        for each, (_, mine) in zip(requests, pipes, strict=True)
    ]
    for client, (_, mine) in zip(clients, pipes, strict=True):
        client.start()
        # What is read of a pipe ends when nobody can write to it any more.
        mine.close()
    took = np.concatenate([answers.recv() for answers, _ in pipes]) * 1000
    for client in clients:
        client.join()
    p50, p99 = np.percentile(took, [50, 99])
    suffix = f"_{len(requests)}_clients" if len(requests) > 1 else ""
    return {
        f"{name}_p50_ms{suffix}": round(float(p50), 3),
        f"{name}_p99_ms{suffix}": round(float(p99), 3),
        f"{name}_reads_per_s{suffix}": round(len(requests) * len(took) / took.sum() * 1000, 1),
    }


def _client(way: Way, requests: Sequence[Request], seconds: float, ready: Barrier, answers: Connection) -> None:
    read = way.open()
    took: list[float] = []
    for request in requests[:_WARM_UP]:
        read(request)
    ready.wait()
    ends = time.perf_counter() + seconds
    for request in cycle(requests):
        started = time.perf_counter()
        read(request)
        now = time.perf_counter()
        took.append(now - started)
        if now > ends:
            break
    answers.send(np.array(took))
