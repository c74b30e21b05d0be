"""The lake without Spark: the same types as the contract's, and writes that may be repeated."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from contracts.errors import TableChangedError
from contracts.tables import SILVER_SESSIONS, TABLES, Table
from data_lake.arrow_lake import ArrowLake, Transaction
from data_lake.schemas import arrow_schema, arrow_type
from data_lake.sql import run_sql

_START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> ArrowLake:
    lake = ArrowLake(str(tmp_path))
    lake.create_missing()
    return lake


def _sessions(counts: dict[int, int]) -> pa.Table:
    """Sessions of visitors with two each: session number → its event count."""
    rows = [
        {
            "session_id": f"s-{number}",
            "visitor_id": f"v-{number // 2}",
            "started_at": _START,
            "event_count": count,
            "revenue": Decimal(count),
            "product_ids": ["p-1"],
        }
        for number, count in counts.items()
    ]
    return pa.Table.from_pylist(rows, arrow_schema(SILVER_SESSIONS))


def _visitors(*numbers: int) -> pa.Table:
    return pa.table({"visitor_id": [f"v-{number}" for number in numbers]})


def _counts(lake: ArrowLake) -> dict[str, int]:
    rows = lake.read(SILVER_SESSIONS, ["session_id", "event_count"]).to_pylist()
    assert len({row["session_id"] for row in rows}) == len(rows)
    return {row["session_id"]: row["event_count"] for row in rows}


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    lake = ArrowLake(str(tmp_path / "our shop's 100 % #1, für alle"))
    lake.create_missing([SILVER_SESSIONS])
    lake.append(SILVER_SESSIONS, _sessions({1: 2}))
    near = lake.near(SILVER_SESSIONS, "started_at", [(_START, _START)])
    for files in (near, lake.after(SILVER_SESSIONS, "started_at", None), lake.all_files(SILVER_SESSIONS)):
        assert run_sql("SELECT event_count FROM files", files=files)["event_count"].to_pylist() == [2]


def test_every_table_has_the_contracts_columns(lake: ArrowLake) -> None:
    lake.create_missing()
    for table in TABLES:
        assert lake.read(table).schema.equals(arrow_schema(table))
        assert (lake.count(table), lake.version(table)) == (0, 0)


def test_a_type_that_no_contract_uses_is_named() -> None:
    with pytest.raises(ValueError, match=r"no Arrow type for 'map<string,int>'"):
        arrow_type("map<string,int>")


def test_replace_makes_the_rows_the_only_content_of_the_scope(lake: ArrowLake) -> None:
    lake.replace(SILVER_SESSIONS, _sessions(dict.fromkeys(range(6), 1)), _visitors(0, 1, 2))
    lake.replace(SILVER_SESSIONS, _sessions({0: 1, 1: 2, 9: 3}), _visitors(0, 1, 4))
    assert _counts(lake) == {"s-0": 1, "s-1": 2, "s-4": 1, "s-5": 1, "s-9": 3}


def test_a_repeated_replace_writes_nothing(lake: ArrowLake) -> None:
    for _ in range(2):
        lake.replace(SILVER_SESSIONS, _sessions({0: 1, 1: 2}), _visitors(0))
        assert lake.version(SILVER_SESSIONS) == 1


def test_overwrite_leaves_what_its_condition_does_not_name(lake: ArrowLake) -> None:
    lake.replace(SILVER_SESSIONS, _sessions(dict.fromkeys(range(4), 1)), _visitors(0, 1))
    for _ in range(2):
        lake.overwrite(SILVER_SESSIONS, _sessions({2: 7}), "visitor_id = 'v-1'")
        assert _counts(lake) == {"s-0": 1, "s-1": 1, "s-2": 7}
    lake.overwrite(SILVER_SESSIONS, _sessions({}), "visitor_id IN ('v-0')")
    assert _counts(lake) == {"s-2": 7}


def test_a_table_takes_rows_after_its_documentation_changed(lake: ArrowLake) -> None:
    columns = tuple(replace(column, doc=f"new: {column.doc}") for column in SILVER_SESSIONS.columns)
    documented_anew = replace(SILVER_SESSIONS, columns=columns)
    lake.overwrite(documented_anew, _sessions({0: 1}), "true")
    lake.replace(documented_anew, _sessions({0: 2}), _visitors(0))
    assert _counts(lake) == {"s-0": 2}


def test_a_table_from_before_a_column_gets_it_and_keeps_its_rows(tmp_path: Path) -> None:
    old = replace(SILVER_SESSIONS, columns=SILVER_SESSIONS.columns[:-2])
    aged = ArrowLake(str(tmp_path / "aged"))
    aged.create_missing([old])
    aged.append(old, _sessions({0: 1}))
    for _ in range(2):
        aged.create_missing([SILVER_SESSIONS])
        assert aged.version(SILVER_SESSIONS) == 2
    aged.append(SILVER_SESSIONS, _sessions({1: 2}))
    assert aged.read(SILVER_SESSIONS).schema.equals(arrow_schema(SILVER_SESSIONS))
    by_duckdb = run_sql("FROM sessions", sessions=aged.all_files(SILVER_SESSIONS))
    assert tuple(by_duckdb.column_names) == SILVER_SESSIONS.column_names
    assert sorted(by_duckdb["session_id"].to_pylist()) == ["s-0", "s-1"]


class _Overtaken(ArrowLake):
    """Lets another process change rows of the visitor v-0 between its own look at the table and its commit."""

    def open(self, table: Table) -> DeltaTable:
        opened = super().open(table)
        ArrowLake(self.uri).overwrite(SILVER_SESSIONS, _sessions({0: 5}), "visitor_id = 'v-0'")
        return opened


def test_of_two_writers_of_the_same_rows_the_later_is_told_to_run_again(lake: ArrowLake) -> None:
    overtaken = _Overtaken(lake.uri)
    told = r"^table silver\.sessions was changed by another process at the same time: run this again$"
    with pytest.raises(TableChangedError, match=told):
        overtaken.overwrite(SILVER_SESSIONS, _sessions({0: 7}), "visitor_id = 'v-0'")
    with pytest.raises(TableChangedError, match=told):
        overtaken.replace(SILVER_SESSIONS, _sessions({0: 7}), _visitors(0))
    assert _counts(lake) == {"s-0": 5}


def test_writers_of_other_rows_do_not_meet(lake: ArrowLake) -> None:
    _Overtaken(lake.uri).overwrite(SILVER_SESSIONS, _sessions({2: 7}), "visitor_id = 'v-1'")
    assert _counts(lake) == {"s-0": 5, "s-2": 7}


def test_many_may_create_the_tables_at_once(tmp_path: Path) -> None:
    for attempt in range(3):
        lakes = [ArrowLake(str(tmp_path / str(attempt))) for _ in range(4)]
        with ThreadPoolExecutor(len(lakes)) as pool:
            list(pool.map(ArrowLake.create_missing, lakes))
        assert [lakes[0].count(table) for table in TABLES] == [0] * len(TABLES)


def test_a_transaction_is_written_once(lake: ArrowLake) -> None:
    for writer, number, rows in (("a", 0, 1), ("a", 0, 1), ("a", 1, 2), ("b", 0, 3), ("a", 0, 3)):
        lake.append(SILVER_SESSIONS, _sessions({number: 1}), Transaction(writer, number))
        assert lake.count(SILVER_SESSIONS) == rows
    assert [lake.last_number(SILVER_SESSIONS, writer) for writer in "abc"] == [1, 0, None]
