"""What a power cut or a backup leaves of a checkpoint: mended where the batch can run again, else refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree

import pytest

from contracts.errors import PermanentError
from contracts.tables import SILVER_POS_EVENTS, SILVER_REJECTED_EVENTS
from contracts.topics import POS
from data_lake.arrow_lake import ArrowLake, Transaction
from stream_processing.checkpoint import prepare_checkpoint
from stream_processing.micro_batch import MicroBatch
from stream_processing.silver import land_silver
from tests.fixtures.messages import checked, good_examples, message

_TABLES = (SILVER_POS_EVENTS, SILVER_REJECTED_EVENTS)
_OFFSETS = 'v1\n{"batchWatermarkMs":0}\n{"pos":{"0":1}}'
_COMMIT = 'v1\n{"nextBatchWatermarkMs":0}'


@pytest.fixture
def lake(tmp_path: Path) -> ArrowLake:
    """Batches 0 and 1 are planned, and done as far as the commits go; only batch 0 is in a table."""
    lake = ArrowLake(str(tmp_path))
    lake.create_missing(_TABLES)
    _land(lake, 0)
    checkpoint = _checkpoint(lake)
    for log, text in (("offsets", _OFFSETS), ("commits", _COMMIT)):
        (checkpoint / log).mkdir(parents=True)
        for number in range(2):
            (checkpoint / log / str(number)).write_text(text)
    (checkpoint / "metadata").write_text(json.dumps({"id": "writer"}))
    return lake


def _checkpoint(lake: ArrowLake) -> Path:
    return Path(lake.checkpoint("silver"))


def _land(lake: ArrowLake, number: int) -> None:
    land_silver(MicroBatch(checked(POS, [message(good_examples(POS)[0])]), Transaction("writer", number)), lake, 1.0)


def _prepare(lake: ArrowLake) -> set[str]:
    prepare_checkpoint("silver", lake, _TABLES)
    root = _checkpoint(lake)
    return {str(file.relative_to(root)) for file in root.rglob("*") if file.is_file() and file.name != "metadata"}


_ALL = {"offsets/0", "offsets/1", "commits/0", "commits/1"}


def test_a_whole_checkpoint_stays_as_it_is(lake: ArrowLake) -> None:
    (_checkpoint(lake) / "offsets" / "1").write_text(f"{_OFFSETS}\n-")
    assert _prepare(lake) == _ALL
    _land(lake, 1)
    assert _prepare(lake) == _ALL


def test_a_first_start_has_nothing_to_prepare(tmp_path: Path) -> None:
    lake = ArrowLake(str(tmp_path))
    lake.create_missing(_TABLES)
    assert _prepare(lake) == set()
    _checkpoint(lake).mkdir(parents=True)
    (_checkpoint(lake) / "metadata").write_text("")
    assert _prepare(lake) == set()
    assert not (_checkpoint(lake) / "metadata").exists()


@pytest.mark.parametrize("left", ["", "v1", "v1\n", _COMMIT[:-3], "\0" * 29])
def test_a_torn_commit_is_removed_and_its_batch_runs_again(
    lake: ArrowLake, left: str, caplog: pytest.LogCaptureFixture
) -> None:
    _land(lake, 1)
    (_checkpoint(lake) / "commits" / "1").write_text(left)
    (_checkpoint(lake) / "commits" / ".1.crc").write_text("")
    assert _prepare(lake) == _ALL - {"commits/1"}
    assert "commits/1 is torn: removed, and batch 1 runs again" in caplog.text


@pytest.mark.parametrize("left", ["", "v1", 'v1\n{"batchWatermarkMs":0}', _OFFSETS[:-1], "\0" * 60])
def test_a_torn_plan_of_a_batch_that_no_table_has_is_removed(lake: ArrowLake, left: str) -> None:
    (_checkpoint(lake) / "offsets" / "1").write_text(left)
    assert _prepare(lake) == _ALL - {"offsets/1", "commits/1"}


def _tear_offsets(root: Path) -> None:
    (root / "offsets" / "1").write_text("")


def _lose_offsets(root: Path) -> None:
    (root / "offsets" / "1").unlink()
    (root / "commits" / "1").unlink()


@pytest.mark.parametrize("lose", [_tear_offsets, _lose_offsets])
def test_a_checkpoint_older_than_a_table_is_refused(lake: ArrowLake, lose: Callable[[Path], None]) -> None:
    _land(lake, 1)
    lose(_checkpoint(lake))
    before = sorted(_checkpoint(lake).rglob("*"))
    wanted = r"^silver\.pos_events has batch 1, but .*/_checkpoints/silver/offsets does not say .* `aisle reset`"
    for _ in range(2):
        with pytest.raises(PermanentError, match=wanted):
            _prepare(lake)
    assert sorted(_checkpoint(lake).rglob("*")) == before


@pytest.mark.parametrize("left", [None, "", '{"id":'])
def test_a_checkpoint_without_its_id_is_refused(lake: ArrowLake, left: str | None) -> None:
    metadata = _checkpoint(lake) / "metadata"
    metadata.unlink()
    if left is not None:
        metadata.write_text(left)
    with pytest.raises(PermanentError, match=r"/metadata is missing, empty or cut: restore it"):
        _prepare(lake)


def test_rows_without_their_checkpoint_are_refused(lake: ArrowLake) -> None:
    rmtree(_checkpoint(lake))
    with pytest.raises(PermanentError, match=r"silver\.pos_events has rows, but the checkpoint .* is gone"):
        _prepare(lake)


@pytest.mark.parametrize(
    ("share_left", "said"),
    [
        (0.0, r"/_delta_log/0+2\.json is empty, .*: rows of silver\.pos_events are missing; restore the table"),
        (0.5, r"^the log of silver\.pos_events, .*/_delta_log, cannot be read: .+"),
    ],
)
def test_a_torn_commit_of_a_table_is_refused(lake: ArrowLake, share_left: float, said: str) -> None:
    _land(lake, 1)
    commit = Path(lake.path(SILVER_POS_EVENTS)) / "_delta_log" / f"{lake.version(SILVER_POS_EVENTS):020}.json"
    commit.write_bytes(commit.read_bytes()[: int(commit.stat().st_size * share_left)])
    with pytest.raises(PermanentError, match=said):
        _start(lake)


def _start(lake: ArrowLake) -> None:
    """What a start of the streams does before it reads."""
    lake.create_missing(_TABLES)
    _prepare(lake)
