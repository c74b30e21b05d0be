"""What lands in silver is handed on: in order, bounded, and again only after a crash."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree
from threading import Event

import pyarrow as pa
import pytest

from contracts.errors import NotReadyError, RetryableError
from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS, Table
from data_lake.arrow_lake import ArrowLake
from stream_processing.running_follower import RunningFollower
from stream_processing.silver_follower import SilverFollower
from tests.fixtures.event_rows import event
from tests.fixtures.rows import rows_of

_START = datetime(2026, 11, 21, 10, tzinfo=UTC)
_COLUMNS = {SILVER_CLICKSTREAM_EVENTS: ("event_id",), SILVER_POS_EVENTS: ("event_id", "event_type")}


class Seen:
    """Keeps the ids of each step by table; fails as often as told."""

    def __init__(self, failures: int = 0, says: str = "the disk is on fire") -> None:
        self.steps: list[dict[str, list[str]]] = []
        self._failures = failures
        self._says = says

    def __call__(self, events: Mapping[Table, pa.Table]) -> None:
        for table, rows in events.items():
            assert tuple(rows.column_names) == _COLUMNS[table]
        self.steps.append({table.name: sorted(rows["event_id"].to_pylist()) for table, rows in events.items()})
        if self._failures:
            self._failures -= 1
            raise OSError(self._says)


@pytest.fixture
def lake(tmp_path: Path) -> ArrowLake:
    lake = ArrowLake(str(tmp_path))
    lake.create_missing(_COLUMNS)
    return lake


def _land(lake: ArrowLake, second: int, *ids: str, table: Table = SILVER_CLICKSTREAM_EVENTS) -> None:
    kind = "page_viewed" if table is SILVER_CLICKSTREAM_EVENTS else "pos_transaction_completed"
    at = _START + timedelta(seconds=second)
    lake.append(table, rows_of(table, [event(kind, each, processed_at=at) for each in ids]))


def test_each_row_is_handed_on_once_even_by_a_new_process(lake: ArrowLake) -> None:
    seen = Seen()
    assert SilverFollower(lake, _COLUMNS, seen).step() == 0
    _land(lake, 0, "e-1", "e-2")
    _land(lake, 1, "t-1", table=SILVER_POS_EVENTS)
    assert SilverFollower(lake, _COLUMNS, seen).step() == 3
    _land(lake, 0, "t-2", table=SILVER_CLICKSTREAM_EVENTS)  # not later than what its table had
    _land(lake, 2, "e-3")
    follower = SilverFollower(lake, _COLUMNS, seen)
    assert [follower.step(), follower.step()] == [1, 0]
    assert seen.steps == [
        {"silver.clickstream_events": ["e-1", "e-2"], "silver.pos_events": ["t-1"]},
        {"silver.clickstream_events": ["e-3"]},
    ]


def test_what_was_cut_is_handed_on_again_and_without_its_file_everything_is(lake: ArrowLake) -> None:
    seen = Seen(failures=1)
    follower = SilverFollower(lake, _COLUMNS, seen)
    _land(lake, 0, "e-1")
    with pytest.raises(OSError, match="on fire"):
        follower.step()
    assert [follower.step(), follower.step()] == [1, 0]
    rmtree(lake.checkpoint("gold"))
    assert [follower.step(), follower.step()] == [1, 0]
    (Path(lake.checkpoint("gold")) / "progress.json").write_bytes(b"")
    assert [follower.step(), follower.step()] == [1, 0]
    assert [list(step.values()) for step in seen.steps] == [[["e-1"]]] * 4


def test_a_long_backlog_is_taken_in_steps_that_split_no_batch(lake: ArrowLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream_processing.silver_follower._MOST_ROWS", 3)
    for second, ids in enumerate((["e-1"], ["e-2", "e-3"], ["e-4", "e-5", "e-6", "e-7"], ["e-8"])):
        _land(lake, second, *ids)
    seen = Seen()
    follower = SilverFollower(lake, _COLUMNS, seen)
    assert [follower.step() for _ in range(4)] == [3, 4, 1, 0]


def test_running_it_takes_what_lands_until_its_source_has_ended(lake: ArrowLake) -> None:
    seen, landed, ended = Seen(), Event(), Event()
    _land(lake, 0, "e-1")
    running = RunningFollower(SilverFollower(lake, _COLUMNS, seen), landed, ended.is_set)
    _land(lake, 1, "e-2")
    landed.set()
    ended.set()
    _join(running)
    running.raise_failure()
    assert sorted(each for step in seen.steps for ids in step.values() for each in ids) == ["e-1", "e-2"]
    assert running.progress()["batch"] == len(seen.steps) - 1


def test_its_failure_is_one_line_and_an_error_of_aisle_stays_what_it_was(lake: ArrowLake, tmp_path: Path) -> None:
    _land(lake, 0, "e-1")
    running = RunningFollower(SilverFollower(lake, _COLUMNS, Seen(failures=1)), Event(), lambda: True)
    _join(running)
    with pytest.raises(RetryableError, match=r"^gold failed: the disk is on fire$"):
        running.raise_failure()
    nowhere = SilverFollower(ArrowLake(str(tmp_path / "nowhere")), _COLUMNS, Seen())
    running = RunningFollower(nowhere, Event(), lambda: True)
    _join(running)
    with pytest.raises(NotReadyError, match=r"silver\.clickstream_events is not there yet"):
        running.raise_failure()


def test_a_full_disk_is_named(lake: ArrowLake) -> None:
    _land(lake, 0, "e-1")
    seen = Seen(failures=1, says="External: No space left on device (os error 28)")
    running = RunningFollower(SilverFollower(lake, _COLUMNS, seen), Event(), lambda: True)
    _join(running)
    with pytest.raises(RetryableError, match=rf"^gold failed: no space left on the disk of {lake.uri} \("):
        running.raise_failure()


def test_a_stop_does_not_wait_for_something_to_land(lake: ArrowLake) -> None:
    running = RunningFollower(SilverFollower(lake, _COLUMNS, Seen()), Event(), lambda: False)
    assert running.is_active
    running.stop()
    assert not running.is_active


def _join(running: RunningFollower) -> None:
    running._thread.join(30)
    assert not running.is_active
