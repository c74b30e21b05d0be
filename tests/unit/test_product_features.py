from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from batch_processing.product_features import product_features
from tests.fixtures.silver_rows import NOON, Row, event, line
from tests.fixtures.small_shop import SmallShop

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)


def build(clickstream: list[Row], pos: list[Row], *as_ofs: datetime) -> list[dict[str, Any]]:
    rows = product_features(SmallShop(clickstream, pos).activity, as_ofs or (AS_OF,))
    return sorted(rows.to_pylist(), key=lambda row: (row["product_id"], row["as_of"]))


def viewed(at: datetime, **values: Any) -> Row:
    return event("product_viewed", at, visitor_id="v", product_id="p", **values)


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
