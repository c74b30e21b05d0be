"""The sessions that new events touch: recomputed from few files, and online what the lake says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.tables import SESSION_FEATURE_NAMES, SILVER_CLICKSTREAM_EVENTS, SILVER_SESSIONS
from data_lake.arrow_lake import ArrowLake
from feature_store.session_features import session_features
from feature_store.visitor_features import visitor_features
from stream_processing.online_features import refresh_online
from stream_processing.sessions import sessionized, sessions
from stream_processing.touched_sessions import refresh_sessions
from tests.fixtures.event_rows import START, arrive, event, line
from tests.fixtures.rows import rows_of


class FakeOnline:
    """Keeps the last row of each view and key."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], dict[str, Any]] = {}

    def write(self, view: str, rows: Sequence[Mapping[str, Any]]) -> None:
        key = {"visitor_features": "visitor_id", "session_features": "session_id"}[view]
        self.rows |= {(view, row[key]): dict(row) for row in rows}


def _new_lake(directory: str) -> ArrowLake:
    lake = ArrowLake(directory)
    lake.create_missing([SILVER_CLICKSTREAM_EVENTS, SILVER_SESSIONS])
    return lake


@pytest.fixture
def lake(tmp_path: Path) -> ArrowLake:
    return _new_lake(str(tmp_path))


def _arrive(lake: ArrowLake, online: FakeOnline, *events: dict[str, Any]) -> None:
    new = arrive(lake, SILVER_CLICKSTREAM_EVENTS, events)
    refresh_sessions(new, lake)
    refresh_online(new, lake, online.write)


def _sessions(lake: ArrowLake) -> list[dict[str, Any]]:
    return _sorted(lake.read(SILVER_SESSIONS))


def _sorted(rows: pa.Table) -> list[dict[str, Any]]:
    return sorted(rows.to_pylist(), key=lambda row: row["session_id"])


def test_a_late_event_joins_two_sessions_and_the_old_ids_go(lake: ArrowLake) -> None:
    online = FakeOnline()
    other = event("product_viewed", "e-9", 0, visitor_id="v-2", product_id="p-7")
    _arrive(lake, online, other, event("page_viewed", "e-1", 0), event("product_viewed", "e-3", 50, product_id="p-2"))
    counts = sorted((row["visitor_id"], row["event_count"]) for row in _sessions(lake))
    assert counts == [("v-1", 1), ("v-1", 1), ("v-2", 1)]

    late = event("order_placed", "e-2", 25, lines=[line("p-1", 1000, "0.0011"), line("p-2", 1, "0.004")])
    _arrive(lake, online, late, late | {"event_id": "e-8", "event_type": "recommendations_shown", "visitor_id": "v-3"})
    assert sorted((row["visitor_id"], row["event_count"]) for row in _sessions(lake)) == [("v-1", 3), ("v-2", 1)]
    visitor = online.rows["visitor_features", "v-1"]
    assert str(visitor["revenue"]) == "1.10"  # 1.1 + 0.004, rounded once
    assert visitor["recent_product_ids"] == ["p-2", "p-1"]
    assert (visitor["session_count"], visitor["event_count"], visitor["order_count"]) == (1, 3, 1)
    assert visitor["first_seen_at"] == START

    version = lake.version(SILVER_SESSIONS)
    _arrive(lake, online, late)
    assert lake.version(SILVER_SESSIONS) == version


def test_a_late_event_in_an_old_session_changes_what_the_last_one_knows_of_the_past(lake: ArrowLake) -> None:
    online = FakeOnline()
    _arrive(lake, online, event("page_viewed", "e-1", 0), event("page_viewed", "e-2", 300))
    _arrive(lake, online, event("order_placed", "e-3", 60, customer_id="c-1", lines=[line("p-1", 1, "5")]))
    session_id = online.rows["visitor_features", "v-1"]["session_id"]
    last = online.rows["session_features", session_id]
    assert last["event_timestamp"] == START + timedelta(minutes=300)
    assert (last["prior_session_count"], last["prior_order_count"], last["is_known_customer"]) == (2, 1, 1)


_MINUTES = st.integers(0, 400)
_BATCHES = st.lists(
    st.lists(st.tuples(st.sampled_from(["v-1", "v-2"]), _MINUTES, st.booleans()), min_size=1, max_size=6),
    min_size=1,
    max_size=4,
)


@settings(max_examples=8, deadline=None)
@given(batches=_BATCHES)
def test_however_events_arrive_lake_and_online_equal_a_computation_from_all_of_them(batches: list[list[Any]]) -> None:
    made = [[_event(f"e-{n}-{m}", *each) for m, each in enumerate(batch)] for n, batch in enumerate(batches)]
    online = FakeOnline()
    with TemporaryDirectory() as directory:
        lake = _new_lake(directory)
        for batch in made:
            _arrive(lake, online, *batch)
        found = _sessions(lake)
    events = sessionized(rows_of(SILVER_CLICKSTREAM_EVENTS, [each for batch in made for each in batch]))
    everything = sessions(events)
    assert found == _sorted(everything)
    for visitor in visitor_features(everything).to_pylist():
        expected = visitor | {"event_timestamp": visitor["occurred_at"]}
        del expected["occurred_at"]
        assert online.rows["visitor_features", visitor["visitor_id"]] == expected
        in_session = session_features(events, everything)
        theirs = in_session.filter(pc.equal(in_session["session_id"], visitor["session_id"]))
        last = theirs.sort_by([("event_number", "descending")]).to_pylist()[0]
        names = ("session_id", "visitor_id", *SESSION_FEATURE_NAMES)
        written = online.rows["session_features", visitor["session_id"]]
        assert written == {name: last[name] for name in names} | {"event_timestamp": last["occurred_at"]}


def _event(event_id: str, visitor_id: str, minute: int, is_order: bool) -> dict[str, Any]:
    if is_order:
        return event("order_placed", event_id, minute, visitor_id=visitor_id, lines=[line("p-1", 1, "2.5")])
    return event("product_viewed", event_id, minute, visitor_id=visitor_id, product_id=f"p-{minute % 3}")


def test_the_last_twenty_distinct_products_latest_first() -> None:
    views = [event("product_viewed", f"e-{n:03d}", n * 5, product_id=f"p-{n % 30}") for n in range(75)]
    [visitor] = visitor_features(sessions(sessionized(rows_of(SILVER_CLICKSTREAM_EVENTS, views)))).to_pylist()
    assert visitor["recent_product_ids"] == [f"p-{n % 30}" for n in range(74, 54, -1)]
