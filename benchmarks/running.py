"""Processes that a benchmark runs beside itself, and what it says meanwhile."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

import httpx

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")
_UP_WITHIN_S = 120.0
_DOWN_WITHIN_S = 30.0


def say(text: str) -> None:
    """Print a line for whoever waits."""
    print(f"bench-features: {text}", file=sys.stderr, flush=True)


def another_process() -> ProcessPoolExecutor:
    """Return one process, which has nothing of this one's memory."""
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))


def in_own_process(
    function: Callable[_Arguments, _Result], *args: _Arguments.args, **kwargs: _Arguments.kwargs
) -> _Result:
    """Call a function of a module in a fresh process, and return what it returns."""
    with another_process() as process:
        return process.submit(function, *args, **kwargs).result()


@contextmanager
def http_server(
    command: Sequence[object], health: str, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server while its URL ``health`` answers; raises ``RuntimeError`` with its last lines where it does not."""
    with log.open("wb") as output:
        process = subprocess.Popen(list(map(str, command)), stdout=output, stderr=output, env=environment)
    try:
        deadline = time.monotonic() + _UP_WITHIN_S
        while not _answers(health):
            if process.poll() is not None or time.monotonic() > deadline:
                msg = f"{command[0]} does not answer at {health}: {log.read_text(errors='replace')[-1000:]}"
                raise RuntimeError(msg)
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(_DOWN_WITHIN_S)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1.0).is_success
    except httpx.TransportError:
        return False
