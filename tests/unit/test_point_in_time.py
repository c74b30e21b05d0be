from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_store.point_in_time import History, latest_rows, rows_as_of

START = datetime(2026, 11, 21, 23, 59, 59, 999_990, tzinfo=UTC)
KEYS = st.sampled_from(["a", "b", "é", "", None])
ROWS = st.lists(st.tuples(KEYS, st.integers(0, 20), st.integers(0, 3)), max_size=30)
ASKED = st.lists(st.tuples(KEYS, st.integers(-2, 25)), max_size=12)

Row = tuple[str | None, int, int]


def column(values: list[str | None]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, pa.string())])


def times(offsets_us: list[int]) -> pa.ChunkedArray:
    moments = [START + timedelta(microseconds=offset) for offset in offsets_us]
    return pa.chunked_array([pa.array(moments, pa.timestamp("us", "UTC"))])


def history(rows: list[Row]) -> History:
    ties = pa.chunked_array([pa.array([tie for _, _, tie in rows], pa.int64())])
    return History(column([key for key, _, _ in rows]), times([at for _, at, _ in rows]), ties)


def brute_force(rows: list[Row], key: str | None, at: int, ttl: int) -> int | None:
    known = [(t, tie, number) for number, (k, t, tie) in enumerate(rows) if k is not None and k == key and t <= at]
    latest = max(known, default=None)
    return latest[2] if latest and at - latest[0] <= ttl else None


@settings(max_examples=60)
@given(ROWS, ASKED, st.integers(1, 8))
def test_rows_as_of_equals_brute_force(rows: list[Row], asked: list[tuple[str | None, int]], ttl: int) -> None:
    keys, moments = column([key for key, _ in asked]), times([at for _, at in asked])
    found = rows_as_of(keys, moments, history(rows), timedelta(microseconds=ttl))
    assert found.to_pylist() == [brute_force(rows, key, at, ttl) for key, at in asked]


@settings(max_examples=40)
@given(ROWS)
def test_latest_rows_equals_brute_force(rows: list[Row]) -> None:
    keys = {key for key, _, _ in rows if key is not None}
    expected = sorted(number for key in keys if (number := brute_force(rows, key, 99, 999)) is not None)
    assert latest_rows(history(rows)).to_pylist() == expected


def test_without_a_ttl_any_age_counts() -> None:
    known = History(column(["a"]), times([0]))
    found = rows_as_of(column(["a"]), times([10**15]), known, None)
    assert found.to_pylist() == [0]


def test_nanoseconds_of_pandas_are_understood() -> None:
    known = History(column(["a", "a"]), times([0, 5]))
    asked = pa.chunked_array([pa.array([START + timedelta(microseconds=4)], pa.timestamp("us", "UTC"))])
    assert rows_as_of(column(["a"]), asked.cast(pa.timestamp("ns", "UTC")), known, None).to_pylist() == [0]
