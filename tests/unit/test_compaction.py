"""Compaction beside the writes: many small files become few, and what is large enough is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.tables import SILVER_REJECTED_EVENTS, bronze_table
from contracts.topics import CLICKSTREAM
from data_lake import compaction
from data_lake.arrow_lake import ArrowLake
from data_lake.schemas import arrow_schema
from tests.fixtures.rows import rows_of

TABLE = SILVER_REJECTED_EVENTS
BRONZE = bronze_table(CLICKSTREAM)


@pytest.fixture
def lake(tmp_path: Path) -> ArrowLake:
    lake = ArrowLake(str(tmp_path))
    lake.create_missing([TABLE, BRONZE])
    return lake


def _append(lake: ArrowLake, files: int) -> None:
    for number in range(files):
        lake.append(TABLE, rows_of(TABLE, [{"topic": "t", "partition": 0, "offset": number}]))


def _commits(lake: ArrowLake) -> list[str]:
    return [str(commit["operation"]) for commit in lake.open(TABLE).history()]


def test_many_small_files_become_one_and_the_next_ones_wait_until_they_are_many(lake: ArrowLake) -> None:
    _append(lake, 65)
    lake.settle()
    assert _commits(lake).count("OPTIMIZE") == 1
    assert len(lake.scan(TABLE).files) == 1
    _append(lake, 60)
    lake.settle()
    assert _commits(lake).count("OPTIMIZE") == 1
    assert sorted(lake.read(TABLE, ["offset"])["offset"].to_pylist()) == sorted([*range(65), *range(60)])


def test_files_of_more_than_half_the_size_are_no_reason(lake: ArrowLake, monkeypatch: pytest.MonkeyPatch) -> None:
    _append(lake, 1)
    [size] = lake.open(TABLE).get_add_actions()["size_bytes"].to_pylist()
    monkeypatch.setattr(compaction, "_FILE_BYTES_BESIDE_WRITES", size + size // 2)
    _append(lake, 69)
    lake.settle()
    assert "OPTIMIZE" not in _commits(lake)


def test_a_file_of_bronze_holds_no_more_messages_than_fit_into_a_micro_batch(lake: ArrowLake) -> None:
    columns = {field.name: None for field in arrow_schema(BRONZE)}
    row = columns | {"value": b"x", "topic": CLICKSTREAM.name, "partition": 0}
    rows = rows_of(BRONZE, [row | {"offset": offset} for offset in range(50_000)])
    for _ in range(6):
        lake.append(BRONZE, rows)
    opened = lake.open(BRONZE)
    opened.optimize.compact(target_size=compaction.target_file_bytes(opened, BRONZE))
    assert max(lake.open(BRONZE).get_add_actions()["num_records"].to_pylist()) == 100_000
