"""Read-only SQL on the lake: what it reads, as of when, and all that it refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest

from contracts.errors import InvalidQueryError, NotReadyError, UnknownNameError
from contracts.tables import GOLD_VISITOR_FEATURES, SILVER_SESSIONS
from data_lake.arrow_lake import ArrowLake, AsOf
from data_lake.lake_query import query_lake
from data_lake.schemas import arrow_schema

_START = datetime(2026, 1, 1, tzinfo=UTC)
Ask = Callable[..., list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> ArrowLake:
    """Two tables; silver.sessions has one row at version 1 and two at version 2."""
    return _made_lake(tmp_path_factory.mktemp("lake"))


@pytest.fixture
def ask(lake: ArrowLake) -> Ask:
    return partial(_ask, lake)


def _made_lake(path: Path) -> ArrowLake:
    lake = ArrowLake(str(path))
    lake.create_missing([SILVER_SESSIONS, GOLD_VISITOR_FEATURES])
    for count in (1, 2):
        lake.replace(SILVER_SESSIONS, _sessions(count), pa.table({"visitor_id": ["v-0", "v-1"]}))
    return lake


def _ask(lake: ArrowLake, sql: str, as_of: AsOf | None = None, limit: int | None = None) -> list[tuple[object, ...]]:
    with query_lake(lake, sql, as_of, limit) as rows:
        return [tuple(row.values()) for row in rows.read_all().to_pylist()]


def _sessions(count: int) -> pa.Table:
    rows = [
        {"session_id": f"s-{number}", "visitor_id": f"v-{number}", "started_at": _START, "revenue": Decimal("9.90")}
        for number in range(count)
    ]
    return pa.Table.from_pylist(rows, arrow_schema(SILVER_SESSIONS))


def test_a_query_reads_tables_by_their_names_with_their_types(ask: Ask) -> None:
    rows = ask("SELECT session_id, started_at, revenue FROM silver.sessions s ORDER BY 1;")
    assert rows == [("s-0", _START, Decimal("9.90")), ("s-1", _START, Decimal("9.90"))]
    joined = (
        'WITH s AS (FROM silver.sessions) SELECT count(*) FROM s LEFT JOIN "gold"."visitor_features" USING (visitor_id)'
    )
    assert ask(joined) == [(2,)]


def test_show_and_describe_say_what_is_there(ask: Ask) -> None:
    assert ask("show tables") == [("gold.visitor_features",), ("silver.sessions",)]
    assert ask("DESCRIBE silver.sessions", limit=1)[0][:2] == ("session_id", "VARCHAR")


def test_the_limit_holds(ask: Ask) -> None:
    assert len(ask("from silver.sessions", limit=1)) == 1


def test_time_travel_by_version_and_by_time(ask: Ask) -> None:
    count = "select count(*) from silver.sessions"
    assert [ask(count, as_of) for as_of in (0, 1, 2)] == [[(0,)], [(1,)], [(2,)]]
    assert ask(count, datetime.now(UTC)) == [(2,)]
    with pytest.raises(NotReadyError, match=r"silver\.sessions has no version 3: expected 0 to 2"):
        ask(count, 3)
    with pytest.raises(NotReadyError, match=r"silver\.sessions was not there yet at 2026-01-01T00:00:00\+00:00"):
        ask(count, _START)
    with pytest.raises(InvalidQueryError, match=r"--as-of 1 is a version of one table, the query names gold\.visit"):
        ask("from silver.sessions, gold.visitor_features", 1)


def test_a_time_between_two_commits_gives_the_earlier_one(tmp_path: Path) -> None:
    lake = _made_lake(tmp_path)
    ask = partial(_ask, lake)
    between = datetime.now(UTC)
    while datetime.now(UTC) < between + timedelta(milliseconds=5):
        pass
    lake.replace(SILVER_SESSIONS, _sessions(0), pa.table({"visitor_id": ["v-0", "v-1"]}))
    assert ask("select count(*) from silver.sessions", between) == [(2,)]
    assert ask("select count(*) from silver.sessions") == [(0,)]


def test_a_version_whose_files_are_gone_is_said_so(tmp_path: Path) -> None:
    lake = _made_lake(tmp_path)
    for file in Path(lake.path(SILVER_SESSIONS)).glob("*.parquet"):
        file.unlink()
    with pytest.raises(InvalidQueryError, match="query: a file of this version is gone"):
        _ask(lake, "from silver.sessions", 1)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("", "got nothing"),
        ("select 1; select 2", "expected one SELECT, WITH, DESCRIBE or SHOW, got SELECT, SELECT"),
        ("DELETE FROM silver.sessions", "got DELETE"),
        ("create table t (a int)", "got CREATE"),
        ("COPY silver.sessions TO 'x.csv'", "got COPY"),
        ("ATTACH 'x.db'", "got ATTACH"),
        ("INSTALL httpfs", "got LOAD"),
        ("SET threads = 1", "got SET"),
        ("PRAGMA version", "got PRAGMA"),
        ("EXPLAIN from silver.sessions", "got EXPLAIN"),
        ("select * from read_csv('/etc/passwd')", "read_csv reads files, settings or other queries"),
        ("select (select max(content) from READ_TEXT('/etc/passwd'))", "(?i)READ_TEXT reads files"),
        ("select * from glob('/*')", "glob reads files"),
        ("select current_setting('temp_directory')", "current_setting reads files, settings"),
        ("from duckdb_settings()", "duckdb_settings reads"),
        ("from pg_settings", "pg_settings reads"),
        ("from query('select 1')", "query reads"),
        ("selec 1", 'syntax error at or near "selec"'),
        ("select sesion_id from silver.sessions", r'"sesion_id" not found .* bindings: "session_id"'),
        ("select error('told so') from silver.sessions", "told so"),
        ("select if(range = 99999, error('late'), 1) from range(100000)", "^query: late$"),
        ("select 'x'::int from silver.sessions", "Could not convert string 'x'"),
    ],
)
def test_what_does_more_than_read_the_lake_is_refused_in_one_line(ask: Ask, sql: str, message: str) -> None:
    with pytest.raises(InvalidQueryError, match=message) as caught:
        ask(sql)
    assert "\n" not in str(caught.value)


def test_an_unknown_function_is_named_with_what_is_near(ask: Ask) -> None:
    with pytest.raises(UnknownNameError, match=r"name coutn does not exist! Did you mean \"count\""):
        ask("select coutn(session_id) from silver.sessions")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("from silver.session", r"unknown table 'silver.session': did you mean silver\.sessions"),
        ("from SESSIONS", r"unknown table 'SESSIONS': did you mean silver\.sessions\?"),
        ("from '/etc/passwd'", r"unknown table '/etc/passwd': expected one of bronze\.clickstream"),
    ],
)
def test_an_unknown_table_is_named_with_what_is_near(ask: Ask, sql: str, message: str) -> None:
    with pytest.raises(UnknownNameError, match=message):
        ask(sql)


def test_a_table_that_is_not_there_yet_is_named(ask: Ask) -> None:
    with pytest.raises(NotReadyError, match=r"table bronze\.pos is not there yet"):
        ask("from bronze.pos")
