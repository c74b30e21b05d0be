"""Erasing a customer from the lake: rows, history, pins and log; nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from contracts.clock import ManualClock
from contracts.errors import ErasedError
from contracts.tables import (
    BRONZE_CLICKSTREAM,
    GOLD_CUSTOMER_FEATURES,
    GOLD_SESSION_TRAINING_ROWS,
    GOLD_VISITOR_FEATURES,
    SILVER_CLICKSTREAM_EVENTS,
    SILVER_POS_EVENTS,
    SILVER_REJECTED_DECISIONS,
    SILVER_REJECTED_EVENTS,
    SILVER_SESSIONS,
    Table,
)
from data_lake.arrow_lake import ArrowLake
from data_lake.care.erasing import TableErasure
from data_lake.care.naming import Subject
from data_lake.care.optimizing import optimize
from data_lake.care.owned_rows import PERSONAL_TABLES
from data_lake.care.pins import pin, scan_pinned
from data_lake.care.subjects import customers_of, subject_of
from tests.fixtures.personal_lake import append, fill, viewed
from tests.fixtures.rows import rows_of

CLOCK = ManualClock(datetime(2026, 11, 21, 10, tzinfo=UTC))
C_1 = Subject(frozenset({"c-1", "v-1"}), frozenset({"v-both"}))


@pytest.fixture
def lake(tmp_path: Path) -> ArrowLake:
    lake = ArrowLake(str(tmp_path / "lake"), by="aisle lake forget")
    fill(lake)
    return lake


def _erase(lake: ArrowLake, subject: Subject) -> None:
    for table in PERSONAL_TABLES:
        TableErasure(lake, table).delete_rows(subject)
        TableErasure(lake, table).delete_files(subject, CLOCK)


def _values(lake: ArrowLake, table: Table, column: str) -> list[object]:
    return sorted(lake.read(table, [column])[column].to_pylist())


def test_a_customer_is_the_account_and_the_browsers_that_no_other_used(lake: ArrowLake) -> None:
    assert subject_of(lake, "c-1") == C_1
    assert subject_of(lake, "v-1") == Subject(frozenset({"v-1"}))
    assert subject_of(lake, "nobody") == Subject(frozenset({"nobody"}))
    assert customers_of(lake, "v-both") == ["c-1", "c-2"]


def test_everything_of_the_customer_goes_and_nothing_else(lake: ArrowLake) -> None:
    _erase(lake, C_1)
    assert _values(lake, BRONZE_CLICKSTREAM, "offset") == [2, 4, 5, 8]
    assert _values(lake, SILVER_CLICKSTREAM_EVENTS, "event_id") == ["e-2", "e-4", "e-5"]
    assert _values(lake, SILVER_POS_EVENTS, "event_id") == ["t-c-2"]
    assert _values(lake, SILVER_REJECTED_EVENTS, "rejected_id") == ["r-1"]
    assert lake.count(SILVER_REJECTED_DECISIONS) == 0
    for table in (SILVER_SESSIONS, GOLD_SESSION_TRAINING_ROWS, GOLD_VISITOR_FEATURES):
        assert _values(lake, table, "visitor_id") == ["v-11", "v-2"]
    assert _values(lake, GOLD_CUSTOMER_FEATURES, "customer_id") == ["c-2"]


def test_no_byte_under_the_lake_names_the_customer_any_more(lake: ArrowLake) -> None:
    for table in PERSONAL_TABLES:
        lake.open(table).create_checkpoint()
    assert _naming(lake, b"v-1", b"v-11")
    _erase(lake, C_1)
    # /c-1 is the address of a page that others viewed.
    assert _naming(lake, b"v-1", b"v-11") == []
    for table in PERSONAL_TABLES:
        assert not TableErasure(lake, table).search(C_1).found
        assert DeltaTable(lake.path(table)).count() == lake.count(table)


def _naming(lake: ArrowLake, name: bytes, longer: bytes) -> list[str]:
    files = (path for path in Path(lake.uri).rglob("*") if path.is_file())
    return [path.name for path in files if name in path.read_bytes().replace(longer, b"")]


def test_a_second_erasure_commits_nothing(lake: ArrowLake) -> None:
    _erase(lake, C_1)
    versions = [lake.version(table) for table in PERSONAL_TABLES]
    assert subject_of(lake, "c-1") == Subject(frozenset({"c-1"}))
    _erase(lake, C_1)
    assert [lake.version(table) for table in PERSONAL_TABLES] == versions


def test_rows_of_others_that_a_stream_writes_meanwhile_stay(lake: ArrowLake) -> None:
    v_2 = pa.table({"visitor_id": ["v-2"]})

    def write() -> None:
        for number in range(15):
            row = {"visitor_id": "v-2", "customer_id": "c-2", "event_count": number}
            lake.replace(GOLD_VISITOR_FEATURES, rows_of(GOLD_VISITOR_FEATURES, [row]), v_2)
            append(lake, GOLD_VISITOR_FEATURES, {"visitor_id": f"w-{number}"}, {"visitor_id": "v-1"})

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write)
        while not writer.done():
            TableErasure(lake, GOLD_VISITOR_FEATURES).delete_rows(C_1)
        writer.result()
    TableErasure(lake, GOLD_VISITOR_FEATURES).delete_rows(C_1)
    rows = lake.read(GOLD_VISITOR_FEATURES, ["visitor_id", "event_count"]).to_pylist()
    counts = {"v-11": None, "v-2": 14} | {f"w-{number}": None for number in range(15)}
    assert len(rows) == len(counts)
    assert {row["visitor_id"]: row["event_count"] for row in rows} == counts


_READERS: list[Callable[[ArrowLake], object]] = [
    lambda lake: scan_pinned(lake, SILVER_CLICKSTREAM_EVENTS, "t7"),
    lambda lake: lake.scan(SILVER_CLICKSTREAM_EVENTS, 6),
    lambda lake: pin(lake, SILVER_CLICKSTREAM_EVENTS, 6, "late", CLOCK),
]


@pytest.mark.parametrize("read", _READERS)
def test_a_version_that_held_them_names_the_erasure(lake: ArrowLake, read: Callable[[ArrowLake], object]) -> None:
    pin(lake, SILVER_CLICKSTREAM_EVENTS, 6, "t7", CLOCK)
    optimize(lake, SILVER_CLICKSTREAM_EVENTS)
    _erase(lake, C_1)
    told = r"version 6 of silver\.clickstream_events cannot be read: .* erased at 2026-11-21T10:00:00Z by `aisle lake f"
    with pytest.raises(ErasedError, match=told):
        read(lake)
    newest = lake.version(SILVER_CLICKSTREAM_EVENTS)
    assert lake.scan(SILVER_CLICKSTREAM_EVENTS, newest).count_rows() == 3


def test_later_events_are_new_events(lake: ArrowLake) -> None:
    _erase(lake, C_1)
    append(lake, SILVER_CLICKSTREAM_EVENTS, viewed(99, "v-1", None) | {"occurred_at": CLOCK.now()})
    assert "e-99" in _values(lake, SILVER_CLICKSTREAM_EVENTS, "event_id")


def test_the_commits_of_the_erasure_name_nobody(lake: ArrowLake) -> None:
    TableErasure(lake, GOLD_VISITOR_FEATURES).delete_rows(C_1)
    TableErasure(lake, GOLD_VISITOR_FEATURES).delete_files(C_1, CLOCK)
    [commit] = lake.open(GOLD_VISITOR_FEATURES).history(1)
    assert (commit["operation"], commit["by"]) == ("MERGE", "aisle lake forget")
    assert "v-1" not in str(commit).replace("v-11", "")
