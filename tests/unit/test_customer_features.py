from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from batch_processing.customer_features import customer_features
from contracts.tables import (
    SILVER_CLICKSTREAM_EVENTS,
    SILVER_POS_EVENTS,
    SILVER_SESSIONS,
    SILVER_TRANSACTION_LINES,
)
from tests.fixtures.rows import rows_of
from tests.fixtures.silver_rows import NOON, Row, event, line

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
DAY = timedelta(days=1)


def build(
    clickstream: list[Row],
    pos: list[Row],
    *as_ofs: datetime,
    lines: list[Row] | None = None,
    sessions: list[Row] | None = None,
) -> list[dict[str, Any]]:
    deals = (rows_of(SILVER_CLICKSTREAM_EVENTS, clickstream), rows_of(SILVER_POS_EVENTS, pos))
    silver_lines, silver_sessions = (
        rows_of(SILVER_TRANSACTION_LINES, lines or []),
        rows_of(SILVER_SESSIONS, sessions or []),
    )
    rows = customer_features(deals, silver_lines, silver_sessions, as_ofs or (AS_OF,))
    return sorted(rows.to_pylist(), key=lambda row: (row["customer_id"], row["as_of"]))


def test_orders_sales_and_returns_of_a_customer() -> None:
    [row] = build(
        [
            event("order_placed", NOON - 2 * DAY, customer_id="c", lines=[line("p", 2, "1.0050"), line("q", 1, "3")]),
            event("order_placed", NOON, lines=[line("p")]),
            event("product_viewed", NOON, customer_id="c", product_id="z"),
        ],
        [
            event("pos_transaction_completed", NOON - DAY, customer_id="c", lines=[line("p", 1, "0.9900")]),
            event("pos_return_completed", NOON, customer_id="c", lines=[line("p", 1, "1.0050")]),
        ],
    )
    expected = {
        "recency_days": 1.5,
        "tenure_days": 2.5,
        "order_count": 2,
        "unit_count": 4,
        "revenue": Decimal("6.00"),
        "mean_order_value": 3.0,
        "mean_unit_price": 1.5,
        "distinct_product_count": 2,
        "return_count": 1,
        "refunded": Decimal("1.01"),
        "unit_return_ratio": 0.25,
        "last_order_at": NOON - DAY,
        "max_order_value": pytest.approx(5.01),
        "mean_order_gap_days": 1.0,
        "store_order_ratio": 0.5,
    }
    assert {name: row[name] for name in expected} == expected


def test_who_only_returned_has_no_recency_and_no_means() -> None:
    [row] = build([], [event("pos_return_completed", customer_id="c", lines=[line("p")])])
    assert (row["order_count"], row["revenue"], row["return_count"]) == (0, Decimal("0.00"), 1)
    assert row["recency_days"] is row["tenure_days"] is row["mean_order_value"] is row["mean_unit_price"] is None


def test_the_end_of_the_day_is_not_in_it() -> None:
    just_before = AS_OF - timedelta(microseconds=1)
    orders = [event("order_placed", at, customer_id="c", lines=[line("p")]) for at in (just_before, AS_OF)]
    rows = build(orders, [], AS_OF, AS_OF + DAY)
    assert [row["order_count"] for row in rows] == [1, 2]
    assert rows[0]["recency_days"] > 0


def test_nobody_exists_before_their_first_deal() -> None:
    orders = [event("order_placed", AS_OF + DAY, customer_id="c", lines=[line("p")])]
    assert build(orders, []) == []


def test_windows_hours_and_weekends_of_purchases() -> None:
    # 2026-11-20 is a Friday.
    hours_ago = [1, 7, 13, 19, 24 * 6, 24 * 40, 24 * 100]
    orders = [
        event("order_placed", AS_OF - timedelta(hours=hours), customer_id="c", lines=[line("p", 1, "2")])
        for hours in hours_ago
    ]
    [row] = build(orders, [])
    assert (row["order_count"], row["orders_30d"], row["orders_90d"]) == (7, 5, 6)
    assert (row["revenue_30d"], row["revenue_90d"]) == (10, 12)
    parts = [row[f"{part}_order_ratio"] for part in ("night", "morning", "afternoon", "evening")]
    # Three of the orders are of midnight.
    assert parts == pytest.approx([4 / 7, 1 / 7, 1 / 7, 1 / 7])
    # Six days before Saturday 0:00 is Sunday; 40 days before is a Monday, 100 days before a Thursday.
    assert row["weekend_order_ratio"] == pytest.approx(1 / 7)


def sold(customer_id: str, category: str | None, quantity: int, price: str, **values: Any) -> Row:
    held = {"promotion_ids": [], "product_id": "p", "occurred_at": NOON} | values
    return {"customer_id": customer_id, "category": category, "quantity": quantity, "unit_price": Decimal(price)} | held


def test_breadth_price_level_and_promotions() -> None:
    lines = [
        sold("c", "shoes", 1, "40", own_price=Decimal(50), promotion_ids=["a"]),
        sold("c", "home", 3, "10", own_price=Decimal(10)),
        sold("c", None, 9, "1"),
        sold("d", "shoes", 3, "20", promotion_ids=["a", "b"]),
        sold("d", "home", 3, "10", occurred_at=AS_OF),
    ]
    session = {"customer_id": "d", "started_at": NOON, "ended_at": NOON}
    orders = [event("order_placed", NOON, customer_id="c", lines=[line("p")])]
    c, d = build(orders, [], lines=lines, sessions=[session])
    assert (c["distinct_category_count"], c["favourite_category"]) == (2, "home")
    # Shoes cost 100 / 4 = 25 in the mean, home 10: 40 + 30 paid over 25 + 30.
    assert c["price_level_ratio"] == pytest.approx(70 / 55)
    assert c["promotion_ratio"] == pytest.approx(1 / 3)
    assert c["mean_discount_ratio"] == pytest.approx(1 - 70 / 80)
    assert (d["distinct_category_count"], d["price_level_ratio"], d["promotion_ratio"]) == (1, 0.8, 1.0)
    assert d["mean_discount_ratio"] is None


def browsed(hours_ago: float, **values: Any) -> Row:
    ended_at = AS_OF - timedelta(hours=hours_ago)
    counts = dict.fromkeys(("event_count", "product_view_count", "cart_add_count", "order_count"), 0)
    return {"customer_id": "c", "started_at": ended_at - timedelta(minutes=10), "ended_at": ended_at} | counts | values


def test_sessions_count_once_they_are_closed_and_never_a_bots() -> None:
    sessions = [
        browsed(0.5, event_count=99),
        browsed(0.51, event_count=6, product_view_count=4, cart_add_count=1),
        browsed(24, event_count=2, product_view_count=1, cart_add_count=2, order_count=1),
        browsed(24 * 31, event_count=1),
        browsed(5, event_count=99, is_bot=True),
        browsed(5, event_count=99, customer_id=None),
    ]
    [row] = build([], [], sessions=sessions)
    expected = {
        "session_count": 3,
        "sessions_30d": 2,
        "last_seen_days": pytest.approx(0.51 / 24),
        "mean_session_event_count": 3.0,
        "mean_session_view_count": pytest.approx(5 / 3),
        "mean_session_duration_s": 600.0,
        "session_order_ratio": pytest.approx(1 / 3),
        "abandoned_cart_ratio": 0.5,
        "order_count": 0,
        "revenue": 0,
        "recency_days": None,
        "promotion_ratio": None,
    }
    assert {name: row[name] for name in expected} == expected
