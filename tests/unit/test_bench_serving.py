"""Of the model server's benchmark: requests go out when they are due, and are timed from then."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest

from benchmarks.serving_connection import get, post
from benchmarks.serving_load import load


@dataclass
class Kept:
    answers: list[tuple[int, bytes]] = field(default_factory=list)

    def take(self, request: int, body: bytes) -> None:
        self.answers.append((request, body))


class _Server(socketserver.ThreadingTCPServer):
    """Answers ``/N`` with N in two parts; stands still, hangs up or fails where the path says so."""

    daemon_threads = True
    allow_reuse_address = True


class _Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        while line := self.rfile.readline():
            while self.rfile.readline().strip():
                pass
            asked = line.split()[1].decode().strip("/")
            if asked == "gone":
                return
            if asked == "late":
                time.sleep(0.2)
            status = b"503 Away" if asked == "away" else b"200 OK"
            body = asked.encode()
            self.wfile.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n" % (status, len(body)))
            self.wfile.flush()
            self.wfile.write(body)


@contextmanager
def _serving() -> Iterator[int]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def port() -> Iterator[int]:
    with _serving() as port:
        yield port


def test_each_request_is_sent_at_its_time_and_answered(port: int) -> None:
    loaded = load(port, [get(f"/{number}") for number in range(7)], 200, 0.1, Kept(), connections=3)
    assert sorted(loaded.answers.answers) == sorted((number % 7, b"%d" % (number % 7)) for number in range(20))
    assert loaded.errors == 0
    assert loaded.seconds > 19 / 200
    assert (loaded.late_ms >= 0).all()


def test_who_waits_for_a_server_that_stands_still_is_timed_from_when_it_was_due(port: int) -> None:
    loaded = load(port, [get("/late"), *[get(f"/{number}") for number in range(19)]], 100, 0.2, Kept(), connections=1)
    # The request due 10 ms after the one that took 200 ms waited for 190 ms, the next one for 180 ms, …
    assert loaded.took_ms[0] >= 200
    assert loaded.took_ms[1] >= 190
    assert loaded.took_ms[10] >= 100
    assert loaded.late_ms.max() < 100


def test_an_answer_that_is_not_200_and_a_server_that_hangs_up_are_errors(port: int) -> None:
    loaded = load(port, [get("/away"), get("/gone"), get("/2")], 100, 0.06, Kept(), connections=1)
    assert loaded.errors == 4
    assert np.isnan(loaded.took_ms).tolist() == [True, True, False] * 2
    assert loaded.answers.answers == [(2, b"2"), (2, b"2")]


def test_a_post_says_how_long_its_body_is() -> None:
    assert post("/x", b"{}").endswith(b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
