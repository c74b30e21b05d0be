"""What 2,000 open connections feel of the slow and the broken among them: everybody else's p99, without and with these.

A twentieth is slow or broken, a quarter of these each: bodies that come a byte at a time, bodies that never end,
answers that nobody reads, connections that are reset while the answer is made.
"""

from __future__ import annotations

import multiprocessing
import resource
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.serving_connection import get, post
from benchmarks.serving_figures import Plan, drive, figures
from benchmarks.serving_load import Answers
from benchmarks.serving_stack import ServingStack, model_server
from benchmarks.serving_traffic import by_visitor, list_path

_OPEN, _SLOW = 2_000, 100
_STEP_S = 0.1
# Of those who ask on purpose: so many steps between two requests, for it is not their number that is to be felt.
_SELDOM = 20
_WARM_UP_S = 10.0
# Hangs up at once: what was not read or sent is lost.
_RESET = struct.pack("ii", 1, 0)
_A_LIST = get(list_path(0))
_A_BODY = post("/v1/recommendations", b'{"placement": "session", "product_ids": ["00001"]}')
_NO_END = _A_BODY[:-1]


def measure(stack: ServingStack, plan: Plan) -> dict[str, Any]:
    """Return the figures of 1,900 connections that behave, alone and beside 100 that do not."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    requests, behaving = by_visitor(stack.traffic), _OPEN - _SLOW
    with model_server(stack.settings) as server:
        drive(server.port, requests, plan.rate, _WARM_UP_S, Answers())
        alone = figures(drive(server.port, requests, plan.rate, plan.trial_s, Answers(), behaving))
        with slow_clients(server.port, _SLOW):
            beside = figures(drive(server.port, requests, plan.rate, plan.trial_s, Answers(), behaving))
    ratio = round(beside["p99_ms"] / alone["p99_ms"], 2)
    return {"slow_clients": {"offered_req_per_s": plan.rate, "alone": alone, "beside": beside, "p99_ratio": ratio}}


@contextmanager
def slow_clients(port: int, count: int) -> Iterator[None]:
    """Let so many clients misbehave, in a process of their own; raises ``RuntimeError`` where it did not last."""
    process = multiprocessing.get_context("spawn").Process(target=_misbehave, args=(port, count), daemon=True)
    process.start()
    try:
        yield
        if not process.is_alive():
            msg = f"the slow clients ended with {process.exitcode}"
            raise RuntimeError(msg)
    finally:
        process.terminate()
        process.join()


def _misbehave(port: int, count: int) -> None:
    clients = [_MANNERS[number % len(_MANNERS)](port) for number in range(count)]
    while True:
        for client in clients:
            next(client)
        time.sleep(_STEP_S)


def _drips(port: int) -> Iterator[None]:
    """Send a byte at each step, and the next request when one is out."""
    while True:
        with _connected(port) as client:
            for byte in _A_BODY:
                if not _sent(client, bytes([byte])):
                    break
                yield


def _never_ends(port: int) -> Iterator[None]:
    """Send all but the last byte, and wait until the server has had enough."""
    while True:
        with _connected(port) as client:
            _sent(client, _NO_END)
            yield
            while not _was_closed(client):
                yield


def _never_reads(port: int) -> Iterator[None]:
    """Ask again and again, and read no answer."""
    while True:
        with _connected(port) as client:
            while _sent(client, _A_LIST):
                yield from _pause()


def _resets(port: int) -> Iterator[None]:
    """Ask, and be gone before the answer."""
    while True:
        with _connected(port) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            _sent(client, _A_LIST)
        yield from _pause()


_MANNERS: tuple[Callable[[int], Iterator[None]], ...] = (_drips, _never_ends, _never_reads, _resets)


def _pause() -> Iterator[None]:
    for _ in range(_SELDOM):
        yield


def _connected(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port))
    client.setblocking(False)
    return client


def _sent(client: socket.socket, data: bytes) -> bool:
    """Say whether the connection is still there; what does not fit into its buffer is not sent."""
    try:
        client.send(data)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return True


def _was_closed(client: socket.socket) -> bool:
    """Say whether the server has hung up; what it said before is passed over."""
    try:
        return client.recv(65_536) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
