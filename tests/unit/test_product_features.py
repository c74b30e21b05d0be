from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from batch_processing.product_features import product_features
from contracts.tables import SILVER_INVENTORY_EVENTS, SILVER_REVIEW_EVENTS
from tests.fixtures.silver_rows import NOON, Row, event, line
from tests.fixtures.small_shop import SmallShop

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)


def build(
    clickstream: list[Row], pos: list[Row], *as_ofs: datetime, feeds: list[Row] | None = None
) -> list[dict[str, Any]]:
    shop = SmallShop(clickstream, pos, feeds or [])
    inventory_events, review_events = shop.rows(SILVER_INVENTORY_EVENTS), shop.rows(SILVER_REVIEW_EVENTS)
    rows = product_features(shop.activity, inventory_events, review_events, as_ofs or (AS_OF,))
    return sorted(rows.to_pylist(), key=lambda row: (row["product_id"], row["as_of"]))


def viewed(at: datetime, visitor: str = "v", **values: Any) -> Row:
    return event("product_viewed", at, visitor_id=visitor, product_id="p", **values)


def test_windows_are_whole_days_back() -> None:
    edges = [AS_OF - days * DAY - early for days in (1, 7, 30) for early in (timedelta(0), MOMENT)]
    [row] = build([viewed(at) for at in [*edges, AS_OF]], [])
    assert (row["views_1d"], row["views_7d"], row["views_30d"]) == (1, 3, 5)


def test_demand_of_thirty_days() -> None:
    [row] = build(
        [
            *(viewed(NOON) for _ in range(4)),
            event("product_added_to_cart", NOON, visitor_id="v", product_id="p", quantity=3),
            event("order_placed", NOON, visitor_id="v", lines=[line("p", 2, "0.5000"), line("p", 1, "0.0050")]),
            event("order_placed", NOON - 31 * DAY, visitor_id="v", lines=[line("p", 9, "9")]),
        ],
        [event("pos_return_completed", NOON, lines=[line("p")])],
    )
    demand = {name: row[name] for name in ("cart_adds_30d", "orders_30d", "units_sold_30d", "revenue_30d")}
    assert demand == {"cart_adds_30d": 1, "orders_30d": 1, "units_sold_30d": 3, "revenue_30d": Decimal("1.01")}
    assert row["conversion_ratio_30d"] == 0.25


def test_a_sale_at_a_till_converts_no_view() -> None:
    order = event("order_placed", visitor_id="v", lines=[line("p")])
    [row] = build([viewed(NOON), viewed(NOON), order], [event("pos_transaction_completed", lines=[line("p")])])
    assert (row["orders_30d"], row["conversion_ratio_30d"]) == (2, 0.5)


def test_without_views_there_is_no_conversion() -> None:
    [row] = build([], [event("pos_transaction_completed", lines=[line("p")])])
    assert row["orders_30d"] == 1
    assert row["conversion_ratio_30d"] is None


def test_the_last_known_value_of_each() -> None:
    first, second = build(
        [
            viewed(AS_OF - 40 * DAY, category="shoes", brand="acme", unit_price=Decimal("5.0000")),
            viewed(AS_OF - DAY, unit_price=Decimal("4.5000")),
            viewed(AS_OF, category="boots"),
        ],
        [],
        AS_OF,
        AS_OF + DAY,
    )
    assert (first["category"], first["brand"], first["unit_price"]) == ("shoes", "acme", Decimal("4.5000"))
    assert (second["category"], second["brand"], second["unit_price"]) == ("boots", "acme", Decimal("4.5000"))


def test_the_event_id_decides_within_one_instant() -> None:
    [row] = build([viewed(NOON, event_id=name, category=name, brand=None) for name in ("e-b", "e-c", "e-a")], [])
    assert (row["category"], row["brand"]) == ("e-c", None)


def test_windows_and_trends_of_demand() -> None:
    sold = [
        event("order_placed", AS_OF - days * DAY, visitor_id="v", lines=[line("p", units)])
        for days, units in ((2, 6), (9, 4), (20, 5))
    ]
    views = [
        viewed(AS_OF - days * DAY, visitor=visitor) for days, visitor in ((1, "v"), (3, "v"), (10, "w"), (40, "u"))
    ]
    back = event("pos_return_completed", AS_OF - DAY, lines=[line("p", 3)])
    took_out = event("product_removed_from_cart", NOON, visitor_id="v", product_id="p", quantity=1)
    [row] = build([*sold, *views, took_out], [back])
    expected = {
        "views_1d": 1,
        "views_7d": 2,
        "views_14d": 3,
        "views_30d": 3,
        "views_60d": 4,
        "viewers_30d": 2,
        "cart_adds_30d": 0,
        "cart_removes_30d": 1,
        "cart_ratio_30d": 0.0,
        "view_trend_ratio_1d": 3.5,
        "view_trend_ratio_7d": 2.0,
        "view_trend_ratio_30d": 3.0,
        "units_sold_7d": 6,
        "units_sold_14d": 10,
        "units_sold_30d": 15,
        "sales_trend_ratio_7d": 1.5,
        "days_since_sale": 2.0,
        "units_returned_30d": 3,
        "return_ratio_30d": 0.2,
        "age_days": 40.0,
    }
    assert {name: row[name] for name in expected} == expected


def test_price_among_the_products_of_its_category() -> None:
    prices = {"p": "10", "q": "20", "r": "30", "s": "20"}
    shoes = [
        event("product_viewed", visitor_id="v", product_id=name, category="shoes", unit_price=Decimal(price))
        for name, price in prices.items()
    ]
    other = event("product_viewed", visitor_id="v", product_id="z", unit_price=Decimal(5))
    rows = {row["product_id"]: row for row in build([*shoes, other], [])}
    assert [rows[name]["price_rank_ratio"] for name in "pqsr"] == pytest.approx([0, 1 / 3, 1 / 3, 1])
    assert [rows[name]["category_price_ratio"] for name in "pqr"] == [0.5, 1.0, 1.5]
    assert rows["p"]["category_mean_price"] == 20.0
    assert rows["z"]["price_rank_ratio"] is rows["z"]["category_price_ratio"] is None


def test_master_data_stock_and_reviews() -> None:
    def stock(at: datetime, place: str, quantity: int) -> Row:
        return event("stock_level_changed", at, product_id="p", location_id=place, quantity_on_hand=quantity)

    def listed(at: datetime, price: int, **values: Any) -> Row:
        return event("product_updated", at, product_id="p", list_price=Decimal(price), category="home", **values)

    feeds = [
        *(listed(AS_OF - 9 * DAY, 8), listed(NOON, 10, is_active=True), listed(AS_OF, 99, is_active=False)),
        *(stock(NOON - DAY, "N", 50), stock(NOON, "N", 7), stock(NOON, "S", 0), stock(AS_OF, "S", 9)),
        *(event("review_posted", at, product_id="p", rating=r) for at, r in ((NOON, 5), (NOON, 2), (AS_OF, 1))),
    ]
    sale = event("pos_transaction_completed", lines=[line("p", 6, "9")])
    [row] = build([], [sale], feeds=feeds)
    assert (row["category"], row["brand"], row["unit_price"], row["list_price"]) == ("home", None, 9, 10)
    assert (row["is_active"], row["age_days"], row["discount_ratio"]) == (True, 9.0, pytest.approx(0.1))
    assert (row["quantity_on_hand"], row["stocked_location_count"], row["cover_days"]) == (7, 1, 35.0)
    assert (row["review_count"], row["mean_rating"]) == (2, 3.5)


def test_what_is_only_listed_has_its_list_price_and_no_demand() -> None:
    listed = event("product_updated", product_id="new", category="home", list_price=Decimal(3))
    [row] = build([], [], feeds=[listed])
    assert (row["category"], row["unit_price"], row["views_30d"], row["revenue_30d"]) == ("home", 3, 0, 0)
    unknown = ("conversion_ratio_30d", "view_trend_ratio_7d", "days_since_sale", "quantity_on_hand", "mean_rating")
    assert [row[name] for name in unknown] == [None] * 5
