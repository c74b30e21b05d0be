"""`kill -9` of the streams, the broker, Redis and the live features, each once during a replay: all counts hold.

The collector is killed under load. ``make test-slow`` kills ten times among 200,000 events.
"""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from contracts.tables import BRONZE_CLICKSTREAM, SILVER_CLICKSTREAM_EVENTS, SILVER_SESSIONS
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.live import build_live_features
from deployment.demo.landing import Landed, LandedEvents
from deployment.local_stack.services import aisle_executable
from deployment.settings import PROJECT_ROOT, child_environment
from feature_store.live.reader import Answer
from feature_store.visitor_features import visitor_features
from ingestion.collector.checking import PRODUCER
from tests.fixtures.collector import Load, running_collector
from tests.fixtures.stack import RunningStack, until

_REES46 = PROJECT_ROOT / ".." / "shared" / "data" / "rees46" / "2019-Oct.csv"
_SENT_BY = {"replay:rees46"}
_REPLAY_WITHIN_S = 150
_LANDS_WITHIN_S = 200


@dataclass(frozen=True)
class Replayed:
    """A file of REES46's shape, the speed that lets its replay last about 30 s, and its true counts."""

    file: Path
    speed: str
    rows: int
    landed: Landed


def _generated(directory: Path) -> Replayed:
    """Write 3,000 rows of 300 visitors in 50 minutes, then five of them again, then a row that is cut."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session"
    writer.writerow(names.split(","))
    rows = [_row(second) for second in range(3000)]
    writer.writerows([*rows, *rows[:5]])
    file = directory / "rees46-shaped.csv"
    file.write_text(f"{text.getvalue()}2019-10-01 00:50:00 UTC,view,1000,1,a.b")
    return Replayed(file, "100x", 3006, Landed(3000, 5, {"unmapped_row": 1}))


def _row(second: int) -> list[object]:
    time_of_day, user = f"00:{second // 60:02}:{second % 60:02}", second % 300
    session = f"00000000-0000-4000-8000-{user:012}"
    return [f"2019-10-01 {time_of_day} UTC", "view", 1000 + second % 97, 1, "a.b", "c", "1.50", user, session]


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    if _REES46.exists():
        return Replayed(_REES46.resolve(), "340x", 17435, Landed(17429, 5, {"unmapped_row": 1}))
    return _generated(tmp_path_factory.mktemp("rees46"))


def test_counts_hold_after_each_process_is_killed_once(running_stack: RunningStack, replayed: Replayed) -> None:
    events = LandedEvents(running_stack.lake, _SENT_BY)
    command = [aisle_executable(), "replay", str(replayed.file), "--mapping", "rees46", "--speed", replayed.speed]
    with subprocess.Popen(
        command, env=child_environment(running_stack.settings), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as replay:
        for service in ("stream", "kafka", "redis", "live"):
            time.sleep(5)
            assert replay.poll() is None, f"the replay ended before {service} was killed: {replay.communicate()}"
            os.kill(running_stack.pid(service), signal.SIGKILL)
        said, _ = replay.communicate(timeout=_REPLAY_WITHIN_S)
    assert replay.returncode == 0, said.decode()

    events.wait_for(replayed.rows, _LANDS_WITHIN_S)
    assert events.count() == replayed.landed
    until(lambda: _wrong_online(running_stack) == [])
    running_stack.until_healthy()


def test_a_second_replay_adds_nothing(running_stack: RunningStack, replayed: Replayed) -> None:
    events, lake = LandedEvents(running_stack.lake, _SENT_BY), running_stack.lake
    before = events.count()
    sessions, bronze = lake.count(SILVER_SESSIONS), lake.count(BRONZE_CLICKSTREAM)
    running_stack.run("replay", str(replayed.file), "--mapping", "rees46", "--speed", "max")
    events.wait_for(2 * replayed.rows, _LANDS_WITHIN_S, rejected=sum(before.rejected.values()))
    after = events.count()
    assert (after.accepted, after.rejected) == (before.accepted, before.rejected)
    assert after.duplicates == before.duplicates + before.accepted + before.duplicates
    assert lake.count(SILVER_SESSIONS) == sessions
    assert lake.count(BRONZE_CLICKSTREAM) >= bronze + replayed.rows
    until(lambda: _wrong_online(running_stack) == [])


def test_what_a_killed_collector_answered_202_is_in_silver_once(running_stack: RunningStack, tmp_path: Path) -> None:
    with (
        running_collector(running_stack.settings, tmp_path / "collector.log") as collector,
        Load(collector) as load,
    ):
        until(lambda: load.statuses[202] >= 10)
        collector.stop(signal.SIGKILL)
        until(lambda: set(load.statuses) != {202})
    until(lambda: load.accepted <= set(_posted(running_stack.lake)), _LANDS_WITHIN_S)
    running_stack.until_healthy()
    times = Counter(_posted(running_stack.lake))
    assert set(times.values()) == {1}


def _posted(lake: ArrowLake) -> list[str]:
    """Return the ids of silver's events that came through a collector."""
    by_collector = pc.field("sent_by") == PRODUCER
    ids: list[str] = lake.read(SILVER_CLICKSTREAM_EVENTS, ["event_id"], by_collector)["event_id"].to_pylist()
    return ids


def _wrong_online(stack: RunningStack) -> list[Any]:
    """Return the visitors whose features online are not the lake's, with both."""
    silver = stack.lake.read(SILVER_CLICKSTREAM_EVENTS, ["visitor_id"], pc.field("sent_by") == next(iter(_SENT_BY)))
    visitors = pc.unique(silver.column("visitor_id"))
    sessions = stack.lake.read(SILVER_SESSIONS, where=pc.field("visitor_id").isin(visitors))
    rows = visitor_features(sessions).to_pylist()
    assert len(rows) == len(visitors)
    online = build_live_features(stack.settings).read_each([row["visitor_id"] for row in rows])
    return [(row, answer.life) for row, answer in zip(rows, online, strict=True) if not _is_same(row, answer)]


def _is_same(row: dict[str, Any], answer: Answer) -> bool:
    life = answer.life.values
    names = ("session_count", "event_count", "order_count", "session_id", "recent_product_ids")
    return bool(life) and all(life[name] == row[name] for name in names)
