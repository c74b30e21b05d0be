"""The visitors whom a batch touches: recomputed, replaced, and online what the lake says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from contracts.tables import (
    GOLD_SESSION_TRAINING_ROWS,
    GOLD_VISITOR_FEATURES,
    SESSION_FEATURE_NAMES,
    SILVER_CLICKSTREAM_EVENTS,
    SILVER_SESSIONS,
)
from data_lake.arrow_lake import ArrowLake
from stream_processing.sessions import sessionized
from stream_processing.visitor_features import visitor_features
from stream_processing.visitors import refresh_visitors
from tests.fixtures.event_rows import START, arrive, event, line, rows_of

_MADE = (SILVER_SESSIONS, GOLD_SESSION_TRAINING_ROWS, GOLD_VISITOR_FEATURES)


class FakeOnline:
    """Keeps the last row of each view and key."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], dict[str, Any]] = {}

    def write(self, view: str, rows: Sequence[Mapping[str, Any]]) -> None:
        key = {"visitor_features": "visitor_id", "session_features": "session_id"}[view]
        self.rows |= {(view, row[key]): dict(row) for row in rows}


@pytest.fixture
def lake(tmp_path: Path) -> ArrowLake:
    lake = ArrowLake(str(tmp_path))
    lake.create_missing([SILVER_CLICKSTREAM_EVENTS, *_MADE])
    return lake


def _arrive(lake: ArrowLake, online: FakeOnline, *events: dict[str, Any]) -> None:
    refresh_visitors(arrive(lake, SILVER_CLICKSTREAM_EVENTS, events), lake, online.write)


def _content(lake: ArrowLake) -> list[list[dict[str, Any]]]:
    return [sorted(lake.read(table).to_pylist(), key=str) for table in _MADE]


def test_a_late_event_joins_two_sessions_and_the_old_ids_go(lake: ArrowLake) -> None:
    online = FakeOnline()
    other = event("product_viewed", "e-9", 0, visitor_id="v-2", product_id="p-7")
    _arrive(lake, online, other, event("page_viewed", "e-1", 0), event("product_viewed", "e-3", 50, product_id="p-2"))
    before, _, _ = _content(lake)
    assert sorted((row["visitor_id"], row["event_count"]) for row in before) == [("v-1", 1), ("v-1", 1), ("v-2", 1)]

    late = event("order_placed", "e-2", 25, lines=[line("p-1", 1000, "0.0011"), line("p-2", 1, "0.004")])
    _arrive(lake, online, late, late | {"event_id": "e-8", "event_type": "recommendations_shown", "visitor_id": "v-3"})
    sessions, rows, features = _content(lake)
    assert sorted((row["visitor_id"], row["event_count"]) for row in sessions) == [("v-1", 3), ("v-2", 1)]
    assert len({row["session_id"] for row in rows}) == 2
    assert [row["ordered_later"] for row in sorted(rows, key=lambda row: row["event_id"])] == [
        True,
        False,
        False,
        False,
    ]
    [visitor] = [row for row in features if row["visitor_id"] == "v-1"]
    assert str(visitor["revenue"]) == "1.10"  # 1.1 + 0.004, rounded once
    assert visitor["recent_product_ids"] == ["p-2", "p-1"]
    assert (visitor["session_count"], visitor["event_count"], visitor["order_count"]) == (1, 3, 1)
    assert visitor["first_seen_at"] == START

    again = _content(lake)
    _arrive(lake, online, late)
    assert _content(lake) == again


def test_online_features_are_those_of_the_lake(lake: ArrowLake) -> None:
    online = FakeOnline()
    _arrive(lake, online, event("page_viewed", "e-1", 0, customer_id="c-1"), event("page_viewed", "e-2", 45))
    _, rows, [visitor] = _content(lake)
    online_visitor = online.rows["visitor_features", "v-1"]
    assert online_visitor == {name: visitor.get(name) for name in online_visitor} | {
        "event_timestamp": visitor["occurred_at"]
    }
    assert set(online_visitor) == {*visitor, "event_timestamp"} - {"occurred_at"}
    assert (visitor["customer_id"], visitor["session_count"]) == ("c-1", 2)
    [last] = [row for row in rows if row["event_id"] == "e-2"]
    written = online.rows["session_features", visitor["session_id"]]
    names = ("session_id", "visitor_id", *SESSION_FEATURE_NAMES)
    assert written == {name: last[name] for name in names} | {"event_timestamp": last["occurred_at"]}


def test_the_last_twenty_distinct_products_latest_first() -> None:
    views = [event("product_viewed", f"e-{n:03d}", n * 5, product_id=f"p-{n % 30}") for n in range(75)]
    events = sessionized(rows_of(SILVER_CLICKSTREAM_EVENTS, views))
    [visitor] = visitor_features(events).to_pylist()
    assert visitor["recent_product_ids"] == [f"p-{n % 30}" for n in range(74, 54, -1)]
