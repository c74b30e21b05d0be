"""The real-time path with a real Kafka and Redis: exact through kills, replays, rebalancing and a Redis in trouble."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.topics import CLICKSTREAM
from feature_store.live.keys import owner_key
from tests.fixtures.kafka import Kafka
from tests.fixtures.live_events import Event
from tests.fixtures.live_path import LivePath, assert_counters_exact, lives_in_lake, publish, trade
from tests.fixtures.stack import until

_EVENTS = 4_000


@pytest.fixture
def path(kafka: Kafka, tmp_path: Path) -> Iterator[LivePath]:
    kafka.fresh_topics()
    live = LivePath(kafka, tmp_path)
    live.start_redis()
    yield live
    live.close()


def assert_exact(path: LivePath, events: list[Event]) -> None:
    assert_counters_exact(path, events)
    visitors = sorted({event["visitor_id"] for event in events})
    lives = {name: life for name, (_, life) in path.sessions(visitors, datetime.now(UTC)).items()}
    assert {name: (life["event_count"], life["session_count"]) for name, life in lives.items()} == lives_in_lake(events)


def test_killed_and_replayed_it_counts_each_event_once(path: LivePath) -> None:
    events = trade(1, _EVENTS)
    path.start("a")
    with ThreadPoolExecutor() as pool:
        sending = pool.submit(publish, path.kafka.servers, events, 400.0)
        for share in (0.2, 0.5, 0.8):
            until(_took_over(path, share * _EVENTS))
            path.kill("a")
            path.start("a")
        sending.result()
    assert_exact(path, events)
    now, visitors = datetime.now(UTC), [f"v-{number}" for number in range(100)]
    before = path.counters(visitors, now), path.sessions(visitors, now)

    for partition in range(CLICKSTREAM.partitions):  # a replay on top of what is there
        path.client.hdel(owner_key(partition), "offset")
    path.kill("a")
    path.start("a")
    path.until_taken()
    assert (path.counters(visitors, now), path.sessions(visitors, now)) == before

    path.client.flushall()  # and from nothing, while it runs
    publish(path.kafka.servers, events[:100])
    path.until_taken()
    assert (path.counters(visitors, now), path.sessions(visitors, now)) == before
    assert "another process has claimed it" in path.log("a")


def test_a_member_that_was_frozen_writes_nothing_over_its_successor(path: LivePath) -> None:
    events = trade(2, _EVENTS)
    path.start("a")
    path.start("b")
    until(lambda: _partitions(path, "a") and _partitions(path, "b"))
    publish(path.kafka.servers, events[:1_000])
    path.signal("a", signal.SIGSTOP)
    publish(path.kafka.servers, events[1_000:3_000])
    path.until_taken()
    path.signal("a", signal.SIGCONT)
    publish(path.kafka.servers, events[3_000:], 500.0)
    assert_exact(path, events)
    path.signal("b", signal.SIGTERM)
    publish(path.kafka.servers, events[:500])
    assert_exact(path, events)


def test_a_redis_in_trouble_is_waited_for(path: LivePath) -> None:
    events = trade(3, _EVENTS)
    path.start("a")
    publish(path.kafka.servers, events[:1_000])
    path.until_taken()
    path.kill_redis()
    publish(path.kafka.servers, events[1_000:2_000])
    until(lambda: "did not take a write" in path.log("a"))
    path.start_redis()
    path.until_taken()
    for trouble, end in (
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
        (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
    ):
        lines = path.log("a").count("did not take a write")
        path.client.execute_command(*trouble)  # type: ignore[no-untyped-call]
        publish(path.kafka.servers, events[2_000:3_000] if "maxmemory" in trouble else events[3_000:])
        until(_said_over(path, "did not take a write", lines))
        time.sleep(1)
        path.client.execute_command(*end)  # type: ignore[no-untyped-call]
        path.until_taken()
    assert_exact(path, events)
    assert "did not take a write: OOM command not allowed" in path.log("a")
    assert "did not take a write: READONLY" in path.log("a")
    assert "Traceback" not in path.log("a")


def _took_over(path: LivePath, messages: float) -> Callable[[], bool]:
    return lambda: path.taken() > messages


def _said_over(path: LivePath, text: str, times: int) -> Callable[[], bool]:
    return lambda: path.log("a").count(text) > times


def _partitions(path: LivePath, member: str) -> bool:
    owns = [line for line in path.log(member).splitlines() if "partitions: " in line]
    return bool(owns) and "none" not in owns[-1]
