"""Files that delta-rs merged or deleted into can be filtered by text, as all others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from contracts.tables import SILVER_SESSIONS
from data_lake.arrow_lake import ArrowLake
from data_lake.care.table_files import TableFiles
from data_lake.lake_query import query_lake
from data_lake.schemas import arrow_schema
from data_lake.sql import run_sql


def _sessions(*numbers: int) -> pa.Table:
    rows = [{"session_id": f"s-{number}", "visitor_id": f"v-{number}", "event_count": 1} for number in numbers]
    return pa.Table.from_pylist(rows, arrow_schema(SILVER_SESSIONS))


def _merge(lake: ArrowLake) -> None:
    lake.replace(SILVER_SESSIONS, _sessions(1, 2, 3), pa.table({"visitor_id": ["v-1", "v-2", "v-3"]}))


def _delete(lake: ArrowLake) -> None:
    lake.append(SILVER_SESSIONS, _sessions(1, 2, 3, 4))
    lake.open(SILVER_SESSIONS).delete("session_id = 's-4'")


@pytest.mark.parametrize("write", [_merge, _delete])
def test_rows_are_found_by_text(tmp_path: Path, write: Callable[[ArrowLake], None]) -> None:
    lake = ArrowLake(str(tmp_path))
    lake.create_missing([SILVER_SESSIONS])
    write(lake)
    lake.append(SILVER_SESSIONS, _sessions(5))
    assert "string_view" in {_type_of_ids(tmp_path, name) for name in lake.scan(SILVER_SESSIONS).files}
    of_two = pc.field("visitor_id") == "v-2"
    assert lake.read(SILVER_SESSIONS, ["session_id"], of_two).to_pylist() == [{"session_id": "s-2"}]
    assert lake.read(SILVER_SESSIONS, where=pc.field("visitor_id").isin(["v-1", "v-5"])).num_rows == 2
    of_files = TableFiles(lake, SILVER_SESSIONS).read(["session_id"], of_two)
    assert {row["session_id"] for rows in of_files.values() for row in rows.to_pylist()} == {"s-2"}
    assert lake.read(SILVER_SESSIONS, where=of_two).schema == arrow_schema(SILVER_SESSIONS)
    wanted = pa.table({"visitor_id": ["v-3"]})
    sql = "SELECT session_id FROM sessions SEMI JOIN wanted USING (visitor_id) WHERE session_id <> 's-1'"
    assert run_sql(sql, sessions=lake.scan(SILVER_SESSIONS), wanted=wanted).to_pylist() == [{"session_id": "s-3"}]
    with query_lake(lake, "SELECT session_id FROM silver.sessions WHERE visitor_id = 'v-2'") as rows:
        assert rows.read_all().to_pylist() == [{"session_id": "s-2"}]


def _type_of_ids(directory: Path, name: str) -> str:
    [path] = directory.rglob(Path(name).name)
    return str(pq.read_schema(path).field("visitor_id").type)
