"""Of the model server's benchmark: requests go out when they are due and are timed from then; what is made of that."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from benchmarks.serving_cached import hot_requests
from benchmarks.serving_connection import get, post
from benchmarks.serving_figures import figures, highest, keeps, marked_ratio
from benchmarks.serving_load import Answers, Loaded, load
from benchmarks.serving_picture import points
from benchmarks.serving_recall import recalls, served_products
from benchmarks.serving_table import table
from benchmarks.serving_traffic import Traffic
from model_serving.hot_lists import MOST_KEPT


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
    loaded = load(port, [get(f"/{number}") for number in range(7)], 200, 0.1, Answers(5, b"6"), connections=3)
    assert loaded.answers.first == {number: b"%d" % number for number in range(5)}
    assert loaded.answers.marked == 2
    assert loaded.errors == 0
    assert loaded.seconds > 19 / 200
    assert (loaded.late_ms >= 0).all()


def test_who_waits_for_a_server_that_stands_still_is_timed_from_when_it_was_due(port: int) -> None:
    loaded = load(
        port, [get("/late"), *[get(f"/{number}") for number in range(19)]], 100, 0.2, Answers(3), connections=1
    )
    # The request due 10 ms after the one that took 200 ms waited for 190 ms, the next one for 180 ms, …
    assert loaded.took_ms[0] >= 200
    assert loaded.took_ms[1] >= 190
    assert loaded.took_ms[10] >= 100
    assert loaded.late_ms.max() < 100


def test_an_answer_that_is_not_200_and_a_server_that_hangs_up_are_errors(port: int) -> None:
    loaded = load(port, [get("/away"), get("/gone"), get("/2")], 100, 0.06, Answers(3), connections=1)
    assert loaded.errors == 4
    assert np.isnan(loaded.took_ms).tolist() == [True, True, False] * 2
    assert loaded.answers.first == {2: b"2"}


def test_a_post_says_how_long_its_body_is() -> None:
    assert post("/x", b"{}").endswith(b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")


@pytest.mark.parametrize("most", [37.0, 330.0, 500.0, 1900.0])
def test_the_highest_rate_that_keeps_the_promise_is_found(most: float) -> None:
    best = highest(lambda rate: answered_in(5.0 if rate <= most else 11.0, rate), 500.0)
    assert best is not None
    assert most / 1.05 <= best[1]["req_per_s"] <= most


def test_no_rate_is_found_where_none_keeps_it() -> None:
    assert highest(lambda rate: answered_in(11.0, rate), 500.0) is None


def answered_in(took_ms: float, rate: float) -> Loaded:
    return Loaded(np.full(20, took_ms), np.zeros(20), 0.01, 20 / rate, Answers(marked=5))


def test_one_slow_answer_of_twenty_or_one_error_breaks_the_promise() -> None:
    slow, failed = answered_in(5.0, 100.0), answered_in(5.0, 100.0)
    slow.took_ms[3], failed.took_ms[3] = 40.0, np.nan
    assert keeps(figures(answered_in(5.0, 100.0)))
    assert not keeps(figures(slow))
    assert not keeps(figures(failed))
    assert figures(failed)["errors"] == 1
    assert marked_ratio(answered_in(5.0, 100.0)) == 0.25


def test_recall_of_new_products_passes_over_what_was_seen() -> None:
    traffic = Traffic([np.array([7, 8], np.int32), np.array([3], np.int32), np.array([5], np.int32)], [7, 4, 9])
    seen_before, right_behind_the_seen, wrong = [7], [3, *range(100, 119), 4], [1, 2]
    found = recalls({0: seen_before, 1: right_behind_the_seen, 2: wrong}, traffic)
    assert found == {"recall20": 0.3333, "recall20_new": 0.5, "recall20_cases": 3}


def test_recall_of_no_list_is_unknown() -> None:
    assert recalls({}, Traffic([], [])) == {"recall20": None, "recall20_new": None, "recall20_cases": 0}


def test_products_are_read_from_an_answer_of_the_model_server() -> None:
    assert served_products(b'{"source":"model","items":[{"product_id":"00012"},{"product_id":"36967"}]}') == [12, 36967]


def test_a_visitor_is_known_by_the_last_twenty_distinct_products() -> None:
    traffic = Traffic([np.array([1, *range(30), 29, 1], np.int32)], [])
    assert traffic.latest(0) == ["00001", *(f"{code:05d}" for code in range(29, 10, -1))]


def test_the_picture_has_a_point_for_each_way_that_gave_lists() -> None:
    rungs = {
        "whole_path": {"req_per_s": 400.0, "recall20_new": 0.5},
        "features": {"req_per_s": 900.0},
        "popularity": {},
    }
    peers = {"serenade": {"req_per_s": 9000.0, "recall20_new": 0.3}, "feast_serve": {"req_per_s": 500.0}}
    assert list(points({"rungs": rungs, "peers": peers})) == [("whole path", 400.0, 0.5), ("serenade", 9000.0, 0.3)]


def test_the_table_has_a_row_for_each_way_also_for_one_that_kept_no_rate() -> None:
    at_rate = {"offered_req_per_s": 500.0, "seconds": 600.0, "req_per_s": 499.9, "p50_ms": 3.1, "errors": 0}
    parts = {"rungs": {"whole_path": {}}, "peers": {"serenade": {"recall20_new": 0.3}}, "bare": {"req_per_s": 2000.0}}
    assert table(at_rate | parts).splitlines()[2:] == [
        "| whole path, 500/s for 600 s | 499.9 | 3.1 |  |  | 0 |  |  |",
        "| whole path |  |  |  |  |  |  |  |",
        "| serenade |  |  |  |  |  | 0.3 |  |",
        "| a bare FastAPI answer | 2000.0 |  |  |  |  |  |  |",
    ]


def test_every_list_that_is_asked_for_again_has_room_in_the_cache() -> None:
    requests = hot_requests(Traffic([np.array([code], np.int32) for code in range(1_800)], []))
    assert (len(requests), len(set(requests))) == (2_000, 1_820)
    assert MOST_KEPT > 1_820
    assert sum(b"/similar?" in request for request in requests) == 900
