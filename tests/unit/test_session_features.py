"""A golden visitor by hand, and: no feature knows what comes after it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.tables import SESSION_FEATURE_NAMES, SILVER_CLICKSTREAM_EVENTS
from feature_store.session_features import session_features
from stream_processing.sessions import sessionized, sessions
from tests.fixtures.event_rows import START, event, line
from tests.fixtures.rows import rows_of

_GOLDEN = [
    event("page_viewed", "e-01", 0),
    event("product_viewed", "e-02", 1, product_id="p-1", unit_price="10"),
    event("product_viewed", "e-03", 2, product_id="p-2", unit_price="4.5", customer_id="c-1"),
    event("recommendations_shown", "e-04", 2.5, product_ids=["p-9"]),
    event("product_added_to_cart", "e-05", 3, product_id="p-1", unit_price="10", quantity=3),
    event("product_removed_from_cart", "e-06", 4, product_id="p-1", quantity=1),
    event("checkout_started", "e-07", 5),
    event("order_placed", "e-08", 6, order_id="o-1", lines=[line("p-1", 2, "10")]),
    event("search_performed", "e-09", 36),  # exactly 30 minutes later: the same session
    event("product_viewed", "e-10", 66.5, product_id="p-1"),
    event("product_removed_from_cart", "e-11", 67, product_id="p-1", unit_price="10", quantity=5),
]
_EXPECTED = {
    # events, pages, views, products, searches, adds, removes, checkouts, cart value,
    # mean price, max price, duration, gap, known, prior sessions, prior orders
    "e-01": (1, 1, 0, 0, 0, 0, 0, 0, 0.0, None, None, 0.0, 0.0, 0, 0, 0),
    "e-02": (2, 1, 1, 1, 0, 0, 0, 0, 0.0, 10.0, 10.0, 60.0, 60.0, 0, 0, 0),
    "e-03": (3, 1, 2, 2, 0, 0, 0, 0, 0.0, 7.25, 10.0, 120.0, 60.0, 1, 0, 0),
    "e-05": (4, 1, 2, 2, 0, 1, 0, 0, 30.0, 7.25, 10.0, 180.0, 60.0, 1, 0, 0),
    "e-06": (5, 1, 2, 2, 0, 1, 1, 0, 20.0, 7.25, 10.0, 240.0, 60.0, 1, 0, 0),
    "e-07": (6, 1, 2, 2, 0, 1, 1, 1, 20.0, 7.25, 10.0, 300.0, 60.0, 1, 0, 0),
    "e-08": (7, 1, 2, 2, 0, 1, 1, 1, 20.0, 7.25, 10.0, 360.0, 60.0, 1, 0, 0),
    "e-09": (8, 1, 2, 2, 1, 1, 1, 1, 20.0, 7.25, 10.0, 2160.0, 1800.0, 1, 0, 0),
    "e-10": (1, 0, 1, 1, 0, 0, 0, 0, 0.0, None, None, 0.0, 0.0, 1, 1, 1),
    "e-11": (2, 0, 1, 1, 0, 0, 1, 0, 0.0, None, None, 30.0, 30.0, 1, 1, 1),
}
_IN_TABLE = [name for name in SESSION_FEATURE_NAMES if name not in ("hour_of_day", "day_of_week")]


def _rows(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    order = [(name, "ascending") for name in ("visitor_id", "occurred_at", "event_id")]
    rows: list[dict[str, Any]] = _features(events).sort_by(order).to_pylist()
    return rows


def _features(events: list[dict[str, Any]]) -> pa.Table:
    in_sessions = sessionized(rows_of(SILVER_CLICKSTREAM_EVENTS, _with_decimals(events)))
    return session_features(in_sessions, sessions(in_sessions))


def _with_decimals(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        each | {"unit_price": line("", 1, each["unit_price"])["unit_price"]} if "unit_price" in each else each
        for each in events
    ]


@pytest.fixture(scope="module")
def golden() -> list[dict[str, Any]]:
    return _rows(_GOLDEN)


def test_the_golden_visitor_has_the_features_worked_out_by_hand(golden: list[dict[str, Any]]) -> None:
    found = {row["event_id"]: tuple(row[name] for name in _IN_TABLE) for row in golden}
    assert found == _EXPECTED
    assert {(row["hour_of_day"], row["day_of_week"]) for row in golden} == {(10, 6), (11, 6)}


def test_the_golden_visitors_rows_know_what_came_after(golden: list[dict[str, Any]]) -> None:
    assert [row["event_number"] for row in golden] == [1, 2, 3, 4, 5, 6, 7, 8, 1, 2]
    assert [row["ordered_later"] for row in golden] == [True] * 6 + [False] * 4
    assert {row["ended_at"] - START for row in golden} == {timedelta(minutes=36), timedelta(minutes=67)}


_STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 30, 31]),
        st.sampled_from(
            ["product_viewed", "product_added_to_cart", "product_removed_from_cart", "order_placed", "page_viewed"]
        ),
        st.sampled_from(["p-1", "p-2"]),
        st.none() | st.sampled_from(["0.1", "2.5"]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40)
@given(histories=st.lists(_STEPS, min_size=1, max_size=6))
def test_no_feature_knows_what_comes_after_its_event(histories: list[list[Any]]) -> None:
    """The whole history's row n equals the last row of the history cut after event n."""
    events: list[dict[str, Any]] = []
    for number, steps in enumerate(histories):
        for cut in range(1, len(steps) + 1):
            events += _history(f"{number}/{cut}", steps[:cut])
    rows = {(row["visitor_id"], row["event_id"]): row for row in _rows(events)}
    for number, steps in enumerate(histories):
        for cut in range(1, len(steps) + 1):
            event_id = f"e-{cut:02d}"
            whole, until_then = (rows[f"{number}/{length}", event_id] for length in (len(steps), cut))
            names = ("event_number", *SESSION_FEATURE_NAMES)
            assert {n: whole[n] for n in names} == {n: until_then[n] for n in names}, json.dumps(steps)


def _history(visitor: str, steps: list[Any]) -> list[dict[str, Any]]:
    minute, events = 0, []
    for number, (gap, kind, product, price) in enumerate(steps, 1):
        minute += gap
        fields: dict[str, Any] = (
            {"lines": [line(product, 1, "1")]} if kind == "order_placed" else {"product_id": product}
        )
        if price is not None and kind != "order_placed":
            fields["unit_price"] = price
        events.append(event(kind, f"e-{number:02d}", minute, visitor_id=visitor, quantity=number, **fields))
    return events
