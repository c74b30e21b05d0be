"""The sessions that new events touch: recomputed from few files."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_SESSIONS
from data_lake.arrow_lake import ArrowLake
from feature_store.visitor_features import visitor_features
from stream_processing.sessions import sessionized, sessions
from stream_processing.touched_sessions import refresh_sessions
from tests.fixtures.event_rows import START, arrive, event, line
from tests.fixtures.rows import rows_of


def _new_lake(directory: str) -> ArrowLake:
    lake = ArrowLake(directory)
    lake.create_missing([SILVER_CLICKSTREAM_EVENTS, SILVER_SESSIONS])
    return lake


@pytest.fixture
def lake(tmp_path: Path) -> ArrowLake:
    return _new_lake(str(tmp_path))


def _arrive(lake: ArrowLake, *events: dict[str, Any]) -> None:
    refresh_sessions(arrive(lake, SILVER_CLICKSTREAM_EVENTS, events), lake)


def _sessions(lake: ArrowLake) -> list[dict[str, Any]]:
    return _sorted(lake.read(SILVER_SESSIONS))


def _visitors(lake: ArrowLake) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = visitor_features(lake.read(SILVER_SESSIONS)).to_pylist()
    return rows


def _sorted(rows: pa.Table) -> list[dict[str, Any]]:
    return sorted(rows.to_pylist(), key=lambda row: row["session_id"])


def test_a_late_event_joins_two_sessions_and_the_old_ids_go(lake: ArrowLake) -> None:
    other = event("product_viewed", "e-9", 0, visitor_id="v-2", product_id="p-7")
    _arrive(lake, other, event("page_viewed", "e-1", 0), event("product_viewed", "e-3", 50, product_id="p-2"))
    counts = sorted((row["visitor_id"], row["event_count"]) for row in _sessions(lake))
    assert counts == [("v-1", 1), ("v-1", 1), ("v-2", 1)]

    late = event("order_placed", "e-2", 25, lines=[line("p-1", 1000, "0.0011"), line("p-2", 1, "0.004")])
    _arrive(lake, late, late | {"event_id": "e-8", "event_type": "recommendations_shown", "visitor_id": "v-3"})
    assert sorted((row["visitor_id"], row["event_count"]) for row in _sessions(lake)) == [("v-1", 3), ("v-2", 1)]
    [visitor] = [row for row in _visitors(lake) if row["visitor_id"] == "v-1"]
    assert str(visitor["revenue"]) == "1.10"  # 1.1 + 0.004, rounded once
    assert visitor["recent_product_ids"] == ["p-2", "p-1"]
    assert (visitor["session_count"], visitor["event_count"], visitor["order_count"]) == (1, 3, 1)
    assert visitor["first_seen_at"] == START

    version = lake.version(SILVER_SESSIONS)
    _arrive(lake, late)
    assert lake.version(SILVER_SESSIONS) == version


_MINUTES = st.integers(0, 400)
_BATCHES = st.lists(
    st.lists(st.tuples(st.sampled_from(["v-1", "v-2"]), _MINUTES, st.booleans()), min_size=1, max_size=6),
    min_size=1,
    max_size=4,
)


@settings(max_examples=8)
@given(batches=_BATCHES)
def test_however_events_arrive_the_lake_equals_a_computation_from_all_of_them(batches: list[list[Any]]) -> None:
    made = [[_event(f"e-{n}-{m}", *each) for m, each in enumerate(batch)] for n, batch in enumerate(batches)]
    with TemporaryDirectory() as directory:
        lake = _new_lake(directory)
        for batch in made:
            _arrive(lake, *batch)
        found = _sessions(lake)
    events = rows_of(SILVER_CLICKSTREAM_EVENTS, [each for batch in made for each in batch])
    assert found == _sorted(sessions(sessionized(events)))


def _event(event_id: str, visitor_id: str, minute: int, is_order: bool) -> dict[str, Any]:
    if is_order:
        return event("order_placed", event_id, minute, visitor_id=visitor_id, lines=[line("p-1", 1, "2.5")])
    return event("product_viewed", event_id, minute, visitor_id=visitor_id, product_id=f"p-{minute % 3}")


def test_the_last_twenty_distinct_products_latest_first() -> None:
    views = [event("product_viewed", f"e-{n:03d}", n * 5, product_id=f"p-{n % 30}") for n in range(75)]
    [visitor] = visitor_features(sessions(sessionized(rows_of(SILVER_CLICKSTREAM_EVENTS, views)))).to_pylist()
    assert visitor["recent_product_ids"] == [f"p-{n % 30}" for n in range(74, 54, -1)]
