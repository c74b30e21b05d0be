"""Spans hold every time they are made of, and are few."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from data_lake.spans import meets, spans, within_sql

_START = datetime(2026, 11, 21, tzinfo=UTC)
_TIME = pa.timestamp("us", tz="UTC")


def _times(minutes: list[int]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array([_START + timedelta(minutes=each) for each in minutes], _TIME)])


@given(pairs=st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 500)), min_size=1, max_size=80))
def test_every_interval_lies_in_one_of_at_most_32_disjoint_spans(pairs: list[tuple[int, int]]) -> None:
    starts = [first for first, _ in pairs]
    ends = [first + length for first, length in pairs]
    found = spans(_times(starts), _times(ends))
    assert 1 <= len(found) <= 32
    assert all(one[1] < other[0] for one, other in pairwise(found))
    for start, end in zip(_times(starts).to_pylist(), _times(ends).to_pylist(), strict=True):
        assert any(first <= start and end <= last for first, last in found)


def test_what_is_far_apart_is_told_apart() -> None:
    hour = timedelta(hours=1)
    assert spans(_times([0, 30, 500]), _times([0, 40, 500])) == [
        (_START, _START + timedelta(minutes=40)),
        (_START + timedelta(minutes=500), _START + timedelta(minutes=500)),
    ]
    assert spans(_times([0, 60]), _times([0, 60])) == [(_START, _START + hour)]


def test_no_times_are_in_no_span() -> None:
    nothing = spans(_times([]), _times([]))
    assert nothing == []
    assert within_sql("at", nothing) == "(false)"
    assert meets(_times([0]), _times([1]), nothing).to_pylist() == [False]


def test_what_only_touches_a_span_meets_it_and_what_lies_between_two_does_not() -> None:
    two = spans(_times([100, 300]), _times([200, 400]))
    lowest, highest = _times([0, 0, 201, 210, 150, 401]), _times([99, 100, 299, 300, 160, 500])
    assert meets(lowest, highest, two).to_pylist() == [False, True, False, True, True, False]
