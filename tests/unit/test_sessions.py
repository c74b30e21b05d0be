"""Sessions against a computation in plain Python."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import groupby, pairwise
from statistics import fmean, pstdev
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_SESSIONS
from data_sources.bots import bot_ids
from data_sources.shop import Shop, ShopSettings
from stream_processing.sessions import sessionized, sessions
from tests.fixtures.event_rows import START, event, line
from tests.fixtures.rows import rows_of
from tests.fixtures.simulated_silver import silver_of

_GAP = timedelta(minutes=30)
# Gaps around the limit, and none at all: then the event id decides the order.
_MINUTES = st.lists(st.sampled_from([0, 0, 1, 29, 30, 30.0000001, 30.001, 31, 90]), min_size=1, max_size=12)
_TYPES = st.sampled_from([
    "page_viewed", "search_performed", "product_viewed", "product_added_to_cart", "product_removed_from_cart",
    "checkout_started", "order_placed", "recommendations_shown", "recommendation_clicked",
])  # fmt: skip


@st.composite
def _histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """The events of many visitors, in no order."""
    events: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 25))):
        minute = 0.0
        for gap in draw(_MINUTES):
            minute += gap
            events.append(_one(draw, f"v-{number}", f"e-{number}-{draw(st.integers(0, 99))}-{len(events)}", minute))
    return draw(st.permutations(events))


def _one(draw: st.DrawFn, visitor: str, event_id: str, minute: float) -> dict[str, Any]:
    product = draw(st.sampled_from(["p-1", "p-2", "p-3"]))
    lines = [line(product, draw(st.integers(1, 3)), draw(st.sampled_from(["0.005", "1.0001", "7"]))) for _ in range(2)]
    name = draw(_TYPES)
    by_type: dict[str, dict[str, Any]] = {
        "order_placed": {"lines": lines},
        "page_viewed": {},
        "search_performed": {},
        "checkout_started": {},
        "recommendations_shown": {"product_ids": ["p-9"]},
    }
    fields = by_type.get(name, {"product_id": product})
    known = {
        "customer_id": draw(st.none() | st.sampled_from(["c-1", "c-2"])),
        "country": draw(st.none() | st.just("DE")),
    }
    return event(name, event_id, minute, visitor_id=visitor, **known, **fields)


def _expected(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    order = lambda each: (each["visitor_id"], each["occurred_at"], each["event_id"])  # noqa: E731
    active = sorted((each for each in events if each["event_type"] != "recommendations_shown"), key=order)
    found: list[list[dict[str, Any]]] = []
    for _, theirs in groupby(active, key=lambda each: each["visitor_id"]):
        last = None
        for each in theirs:
            if last is None or each["occurred_at"] - last > _GAP:
                found.append([])
            found[-1].append(each)
            last = each["occurred_at"]
    return [_session(each) for each in found]


def _session(events: list[dict[str, Any]]) -> dict[str, Any]:
    first = events[0]
    kinds = [each["event_type"] for each in events]
    total = sum(
        (bought["quantity"] * bought["unit_price"] for each in events for bought in each.get("lines", [])), Decimal(0)
    )
    return {
        "session_id": sha256(f"{first['visitor_id']}|{first['event_id']}".encode()).hexdigest(),
        "visitor_id": first["visitor_id"],
        "customer_id": next((each["customer_id"] for each in reversed(events) if each["customer_id"]), None),
        "device": None,
        "country": next((each["country"] for each in reversed(events) if each["country"]), None),
        "started_at": first["occurred_at"],
        "ended_at": events[-1]["occurred_at"],
        "event_count": len(events),
        "product_view_count": kinds.count("product_viewed"),
        "cart_add_count": kinds.count("product_added_to_cart"),
        "cart_remove_count": kinds.count("product_removed_from_cart"),
        "search_count": kinds.count("search_performed"),
        "order_count": kinds.count("order_placed"),
        "revenue": total.quantize(Decimal("0.01"), "ROUND_HALF_UP"),
        "product_ids": [product for each in events for product in _products(each)],
        "is_bot": _is_bot([each["occurred_at"].timestamp() for each in events]),
    }


def _is_bot(times: list[float]) -> bool:
    gaps = [after - before for before, after in pairwise(times)]
    return any(last - first <= 60 for first, last in zip(times, times[19:], strict=False)) or (
        len(times) >= 30 and pstdev(gaps) < 0.1 * fmean(gaps)
    )


def _products(each: dict[str, Any]) -> list[str]:
    if each["event_type"] == "order_placed":
        return [bought["product_id"] for bought in each["lines"]]
    kinds = ("product_viewed", "product_added_to_cart", "recommendation_clicked")
    return [each["product_id"]] if each["event_type"] in kinds else []


@settings(max_examples=25)
@given(events=_histories())
def test_sessions_equal_those_of_plain_python(events: list[dict[str, Any]]) -> None:
    rows = sessions(sessionized(rows_of(SILVER_CLICKSTREAM_EVENTS, events)))
    by_id = lambda row: row["session_id"]  # noqa: E731
    assert rows.column_names == list(SILVER_SESSIONS.column_names)
    assert sorted(rows.to_pylist(), key=by_id) == sorted(_expected(events), key=by_id)


def _flag(*seconds: float) -> list[bool]:
    """Return whether each session of one visitor who is active at these times is a bot's, in order of time."""
    events = [event("page_viewed", f"e-{number:03d}", at / 60) for number, at in enumerate(seconds)]
    rows = sessions(sessionized(rows_of(SILVER_CLICKSTREAM_EVENTS, events))).sort_by("started_at")
    flags: list[bool] = rows["is_bot"].to_pylist()
    return flags


def test_twenty_events_within_a_minute_are_a_bots() -> None:
    slow_start = [-900.0, -500.0]
    assert _flag(*slow_start, *(60 * number / 19 for number in range(20))) == [True]
    assert _flag(*slow_start, *(60.1 * number / 19 for number in range(20))) == [False]
    assert _flag(*(0.1 * number for number in range(19))) == [False]
    assert _flag(*(0.1 * number for number in range(10)), *(3600 + 0.1 * number for number in range(10))) == [False] * 2


def test_thirty_events_like_clockwork_are_a_bots() -> None:
    assert _flag(*(20.0 * number for number in range(30))) == [True]
    assert _flag(*(20.0 * number for number in range(29))) == [False]
    assert _flag(*(20.0 * number + number % 2 for number in range(30))) == [True]
    assert _flag(*(20.0 * number + 3 * (number % 2) for number in range(30))) == [False]


def test_the_wait_before_a_session_is_not_one_of_its_gaps() -> None:
    assert _flag(-99_999.0, *(20.0 * number for number in range(30))) == [False, True]


def test_the_simulated_shops_bots_are_found_and_nobody_else() -> None:
    shop = Shop(ShopSettings(7, START, events_per_s=2.0))
    events = [trade.event for trade in shop.trade(timedelta(hours=3))]
    found = sessions(sessionized(silver_of(events, SILVER_CLICKSTREAM_EVENTS))).to_pylist()
    flagged = {row["session_id"] for row in found if row["is_bot"]}
    assert flagged == {row["session_id"] for row in found if row["visitor_id"] in bot_ids()}
    assert len(flagged) > 5
    assert len(found) > 1000
