from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pytest

from batch_processing.funnel_daily import EVENTS_OF_PEOPLE, funnel_daily
from data_lake.sql import run_sql
from tests.fixtures.silver_rows import NOON, Row, event, line
from tests.fixtures.small_shop import SmallShop, by_key, day_of, random_shop

MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STEPS = {
    "with_view": "product_viewed",
    "with_cart": "product_added_to_cart",
    "with_checkout": "checkout_started",
    "with_order": "order_placed",
}


def build(shop: SmallShop) -> dict[tuple[Any, ...], dict[str, Any]]:
    days = run_sql(EVENTS_OF_PEOPLE, counts=shop.counts)
    return by_key(funnel_daily(shop.sessions, shop.clickstream_events, days), "date", "device")


@pytest.mark.parametrize("seed", range(3))
def test_random_shops_equal_plain_python(seed: int) -> None:
    shop = random_shop(seed)
    sessions = [session for visitor in "xyz" for session in _sessions(shop.clickstream, visitor)]
    of = defaultdict(list)
    for session in sessions:
        devices = [row["device"] for row in session if row["device"]]
        of[day_of(session[0]), devices[-1] if devices else "unknown"].append(session)
    assert build(shop) == {key: _funnel(key, of[key], sessions) for key in of}


def _sessions(events: list[Row], visitor: str) -> list[list[Row]]:
    found: list[list[Row]] = []
    for row in sorted(events, key=itemgetter("occurred_at", "event_id")):
        if row["visitor_id"] != visitor or row["event_type"] == "recommendations_shown":
            continue
        if not found or row["occurred_at"] - found[-1][-1]["occurred_at"] > 30 * MINUTE:
            found.append([])
        found[-1].append(row)
    return found


def _funnel(key: tuple[Any, ...], of: list[list[Row]], sessions: list[list[Row]]) -> dict[str, Any]:
    reached = {name: sum(any(row["event_type"] == kind for row in each) for each in of) for name, kind in STEPS.items()}
    ratios = {name.replace("with_", "") + "_ratio": count / len(of) for name, count in reached.items()}
    counted = sum(len(each) for each in sessions if day_of(each[0]) <= key[0])
    return {"sessions": len(of), **reached, **ratios, "source_events": counted}


def test_a_session_over_midnight_belongs_to_the_day_it_started_on() -> None:
    session = [
        event("product_viewed", MIDNIGHT - MINUTE, visitor_id="v", product_id="p", device="mobile"),
        event("checkout_started", MIDNIGHT + MINUTE, visitor_id="v"),
        event("order_placed", MIDNIGHT + 2 * MINUTE, visitor_id="v", lines=[line("p"), line("p")]),
    ]
    [(key, row)] = build(SmallShop(session, [])).items()
    assert key == (NOON.date(), "mobile")
    assert {name: row[name] for name in ("sessions", *STEPS)} == {
        "sessions": 1,
        "with_view": 1,
        "with_cart": 0,
        "with_checkout": 1,
        "with_order": 1,
    }


def test_the_checkout_of_another_session_or_visitor_does_not_count() -> None:
    rows = [
        event("product_viewed", NOON, visitor_id="v", product_id="p"),
        event("checkout_started", NOON + 31 * MINUTE, visitor_id="v", device="tablet"),
        event("checkout_started", NOON, visitor_id="w", device="tablet"),
    ]
    built = build(SmallShop(rows, []))
    assert {device: row["with_checkout"] for (_, device), row in built.items()} == {"unknown": 0, "tablet": 2}


def test_bots_are_left_out() -> None:
    views = [
        event("product_viewed", NOON + number * MINUTE / 60, visitor_id="bot", product_id="p") for number in range(20)
    ]
    person = event("product_viewed", NOON, visitor_id="v", product_id="p")
    [row] = build(SmallShop([*views, person], [])).values()
    assert (row["sessions"], row["with_view"], row["source_events"]) == (1, 1, 21)
    assert build(SmallShop(views, [])) == {}


def test_sessions_made_before_bots_were_flagged_count() -> None:
    shop = SmallShop([event("product_viewed", NOON, visitor_id="v", product_id="p")], [])
    of = shop.sessions
    unknown = of.set_column(of.schema.get_field_index("is_bot"), "is_bot", pa.nulls(len(of), pa.bool_()))
    days = run_sql(EVENTS_OF_PEOPLE, counts=shop.counts)
    [row] = funnel_daily(unknown, shop.clickstream_events, days).to_pylist()
    assert (row["sessions"], row["source_events"]) == (1, 1)
