"""What batch scoring is measured beside: a Redis of its own, and the memory of all processes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import cast

import psutil
from redis import Redis

from deployment.local_stack.processes import pss_mib, tree_of
from deployment.local_stack.redis_server import prepare_redis, redis_command, redis_is_healthy
from deployment.settings import Settings

_WEIGH_EVERY_S = 1.0
_UP_WITHIN_S = 20.0


@contextmanager
def running_redis(settings: Settings) -> Iterator[None]:
    """Run the stack's Redis, empty."""
    prepare_redis(settings)
    server = subprocess.Popen(redis_command(settings), stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + _UP_WITHIN_S
        while not redis_is_healthy(settings) and time.monotonic() < deadline:
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait()


def redis_mib(settings: Settings) -> float:
    """Return the memory that Redis uses for its data."""
    with Redis.from_url(settings.redis.url) as client:
        memory = cast("dict[str, int]", client.info("memory"))
    return round(memory["used_memory"] / 2**20, 1)


def cpu_seconds() -> float:
    """Return the processor time that this process and its children have used."""
    return sum(sum(process.cpu_times()[:4]) for process in tree_of([psutil.Process().pid]))


@contextmanager
def peak_memory() -> Iterator[Callable[[], int]]:
    """Weigh this process and its children every second; the function yielded returns the highest sum of PSS in MiB."""
    weighed, stopped = [0.0], Event()

    def weigh() -> None:
        while not stopped.wait(_WEIGH_EVERY_S):
            weighed.append(pss_mib(tree_of([psutil.Process().pid])))

    thread = Thread(target=weigh, daemon=True)
    thread.start()
    try:
        yield lambda: round(max(weighed))
    finally:
        stopped.set()
        thread.join()
