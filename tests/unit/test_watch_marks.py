"""Marks of canaries that were seen to be well: fresh for half a minute, and gone where they cannot be read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from contracts import ManualClock
from contracts.errors import RetryableError
from experiments.watch_marks import WatchMarks
from tests.fixtures.trials import STARTED


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(STARTED)


def test_a_mark_is_fresh_for_half_a_minute(tmp_path: Path, clock: ManualClock) -> None:
    marks, seen_by_a_server = (WatchMarks(tmp_path / "data" / "marks.json", clock) for _ in range(2))
    assert not seen_by_a_server.is_fresh("blue")
    marks.renew(["blue", "green"])
    clock.advance(timedelta(seconds=30))
    marks.renew(["green"])
    assert seen_by_a_server.is_fresh("blue")
    clock.advance(timedelta(seconds=1))
    assert (seen_by_a_server.is_fresh("blue"), seen_by_a_server.is_fresh("green")) == (False, True)
    marks.renew([])
    assert b"blue" not in (tmp_path / "data" / "marks.json").read_bytes()


def test_a_mark_from_the_future_is_none(tmp_path: Path, clock: ManualClock) -> None:
    WatchMarks(tmp_path / "marks.json", ManualClock(STARTED + timedelta(hours=1))).renew(["blue"])
    assert not WatchMarks(tmp_path / "marks.json", clock).is_fresh("blue")


@pytest.mark.parametrize("broken", [b"", b"{", b"\xff", b"[]", b'{"blue": "2026-11-20T00:00:00"}'])
def test_marks_that_cannot_be_read_are_none(tmp_path: Path, clock: ManualClock, broken: bytes) -> None:
    path = tmp_path / "marks.json"
    path.write_bytes(broken)
    marks = WatchMarks(path, clock)
    assert not marks.is_fresh("blue")
    marks.renew(["blue"])
    assert marks.is_fresh("blue")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RetryableError, match=r"cannot write .*marks\.json"):
        WatchMarks(tmp_path / "file" / "marks.json", clock).renew(["blue"])
