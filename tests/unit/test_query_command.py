"""``aisle query``: its formats, its limit, and errors as one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from contracts.tables import SILVER_REJECTED_EVENTS, SILVER_SESSIONS
from data_lake.arrow_lake import ArrowLake
from data_lake.schemas import arrow_schema
from deployment.cli import query
from deployment.settings import Settings

Run = Callable[..., Result]
_START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``aisle query`` on a lake of 120 sessions."""
    settings = Settings(data_dir=tmp_path)
    lake = ArrowLake(settings.lake)
    lake.create_missing([SILVER_SESSIONS, SILVER_REJECTED_EVENTS])
    rows = [
        {
            "session_id": f"s-{number:03}",
            "visitor_id": "v",
            "started_at": _START,
            "event_count": number,
            "revenue": Decimal("9.90"),
            "product_ids": ['p,"1"', "p\x1b[2"],
        }
        for number in range(120)
    ]
    schema = arrow_schema(SILVER_SESSIONS)
    lake.replace(SILVER_SESSIONS, pa.Table.from_pylist(rows, schema), pa.table({"visitor_id": ["v"]}))
    monkeypatch.setattr(query, "load_settings", lambda: settings)
    return lambda *arguments: CliRunner().invoke(query.command, arguments)


_COLUMNS = "session_id, started_at, event_count, revenue, customer_id, product_ids"
_ONE = f"select {_COLUMNS} from silver.sessions where event_count = 0"  # noqa: S608


def test_a_table_is_for_people_and_obeys_nothing(run: Run) -> None:
    header, row = run(_ONE).stdout.splitlines()
    assert header.split() == ["session_id", "started_at", "event_count", "revenue", "customer_id", "product_ids"]
    assert row.split() == ["s-000", "2026-01-01T00:00:00Z", "0", "9.90", r'["p,\"1\"","p\u001b[2"]']


def test_csv(run: Run) -> None:
    header, row = run(_ONE, "--format", "csv").stdout.splitlines()
    assert header == "session_id,started_at,event_count,revenue,customer_id,product_ids"
    assert row == 's-000,2026-01-01T00:00:00Z,0,9.90,,"[""p,\\""1\\"""",""p\\u001b[2""]"'


def test_json(run: Run) -> None:
    [row] = map(json.loads, run(_ONE, "--format", "json").stdout.splitlines())
    assert (row["started_at"], row["revenue"]) == ("2026-01-01T00:00:00Z", "9.90")
    assert (row["event_count"], row["customer_id"], row["product_ids"]) == (0, None, ['p,"1"', "p\x1b[2"])


def test_parquet_keeps_the_types(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "sessions.parquet"
    assert run("from silver.sessions", "--format", "parquet", "--output", str(file)).exit_code == 0
    table = pq.read_table(file)
    assert (table.num_rows, table["revenue"][0].as_py()) == (120, Decimal("9.90"))


def test_bytes_are_text_or_hexadecimal(run: Run) -> None:
    both = "select '\\xFF'::blob a, 'text'::blob b"
    assert run(both, "--format", "csv").stdout == "a,b\n\\xff,text\n"


def test_a_table_stops_at_a_hundred_rows_and_says_so(run: Run) -> None:
    result = run("from silver.sessions")
    assert len(result.stdout.splitlines()) == 101
    assert result.stderr == "the first 100 rows: --limit N shows more\n"
    assert len(run("from silver.sessions", "--limit", "110").stdout.splitlines()) == 111
    assert len(run("from silver.sessions", "--format", "csv").stdout.splitlines()) == 121


def test_as_of_takes_a_version_or_a_time(run: Run) -> None:
    count = ("select count(*) n from silver.sessions", "--format", "csv", "--as-of")
    assert run(*count, "0").stdout == "n\n0\n"
    assert run(*count, "2999-01-01").stdout == "n\n120\n"
    assert "'soon': expected a time such as" in run(*count, "soon").stderr


def test_a_file_that_cannot_be_written_is_named(run: Run, tmp_path: Path) -> None:
    error = run(_ONE, "--output", str(tmp_path / "no" / "file")).exception
    assert str(error).endswith("no/file: No such file or directory")
