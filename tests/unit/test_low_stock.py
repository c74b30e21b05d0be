from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

import pytest

from batch_processing.low_stock import low_stock
from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_INVENTORY_EVENTS, SILVER_POS_EVENTS
from tests.fixtures.silver_rows import Row, event, line
from tests.fixtures.small_shop import DAYS, SmallShop, by_key, random_shop

END = datetime(2026, 11, 21, tzinfo=UTC)
MOMENT, HOUR, DAY = timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)


def build(shop: SmallShop, *as_ofs: datetime) -> dict[tuple[Any, ...], dict[str, Any]]:
    sales = shop.rows(SILVER_CLICKSTREAM_EVENTS), shop.rows(SILVER_POS_EVENTS)
    rows = low_stock(sales, shop.rows(SILVER_INVENTORY_EVENTS), as_ofs or [END])
    return by_key(rows, "location_id", "product_id", "as_of")


def level(quantity: int, at: datetime = END - HOUR, **values: Any) -> Row:
    place = {"location_id": "s-01", "location_kind": "store", "product_id": "p"}
    return event("stock_level_changed", at, quantity_on_hand=quantity, **place | values)


def sold(quantity: int, at: datetime = END - HOUR, store_id: str = "s-01") -> Row:
    return event("pos_transaction_completed", at, store_id=store_id, lines=[line("p", quantity)])


def ordered(quantity: int, at: datetime = END - HOUR) -> Row:
    return event("order_placed", at, visitor_id="v", lines=[line("p", quantity)])


def low(feeds: Sequence[Row], *sales: Row) -> dict[str, dict[str, Any]]:
    """Return the low places of the product by their ids."""
    online = [row for row in sales if row["event_type"] == "order_placed"]
    shop = SmallShop(online, [row for row in sales if row not in online], list(feeds))
    return {place: row for (place, _, _), row in build(shop).items()}


@pytest.mark.parametrize(("units", "quantity", "is_low"), [(7, 4, True), (7, 5, False), (8, 5, True), (8, 6, False)])
def test_the_reorder_point_itself_is_low_and_one_more_is_not(units: int, quantity: int, is_low: bool) -> None:
    assert ("s-01" in low([level(quantity)], sold(units))) is is_low


def test_what_ran_out_is_low_without_any_sale() -> None:
    assert low([level(0)])["s-01"] | {"changed_at": None} == {
        "location_kind": "store",
        "quantity_on_hand": 0,
        "reorder_point": 0,
        "units_sold_7d": 0,
        "units_sold_28d": 0,
        "cover_7d_days": None,
        "cover_28d_days": None,
        "changed_at": None,
        "change_reason": None,
    }
    assert low([level(1)]) == {}


def test_windows_are_whole_days_and_the_greater_rate_decides() -> None:
    rows = [sold(14, END - 7 * DAY), sold(14, END - 7 * DAY - MOMENT), sold(50, END - 28 * DAY - MOMENT), sold(50, END)]
    row = low([level(8)], *rows)["s-01"]
    assert (row["units_sold_7d"], row["units_sold_28d"], row["reorder_point"]) == (14, 28, 8)
    assert (row["cover_7d_days"], row["cover_28d_days"]) == (4, 8)
    steady = low([level(8)], sold(56, END - 20 * DAY))["s-01"]
    assert (steady["reorder_point"], steady["cover_7d_days"], steady["cover_28d_days"]) == (8, None, 4)


def test_a_level_counts_up_to_the_end_of_the_day_and_the_last_one_holds() -> None:
    before, at_end = level(3, END - MOMENT, change_reason="counted"), level(99, END)
    row = low([level(99, END - HOUR), before, at_end], sold(7))["s-01"]
    assert (row["quantity_on_hand"], row["changed_at"], row["change_reason"]) == (3, END - MOMENT, "counted")
    twice = [level(3, event_id="e-b"), level(99, event_id="e-a")]
    assert [low(feeds, sold(7))["s-01"]["quantity_on_hand"] for feeds in (twice, twice[::-1])] == [3, 3]


def test_a_store_is_measured_by_its_own_sales_and_every_warehouse_by_all_online_orders() -> None:
    feeds = [level(4, location_id=store) for store in ("s-01", "s-02")]
    feeds += [level(4, location_id=house, location_kind="warehouse") for house in ("w-01", "w-02")]
    found = low(feeds, sold(7), ordered(14))
    assert {place: row["units_sold_7d"] for place, row in found.items()} == {"s-01": 7, "w-01": 14, "w-02": 14}


def test_what_is_not_sold_any_more_is_left_out_from_then_on() -> None:
    gone = event("product_updated", END - MOMENT, product_id="p", is_active=False)
    assert low([level(0), gone]) == {}
    assert low([level(0), gone | {"occurred_at": END}]).keys() == {"s-01"}
    back = event("product_updated", END - MOMENT, product_id="p", is_active=True, event_id="f")
    assert low([level(0), gone, back]).keys() == {"s-01"}


@pytest.mark.parametrize("seed", range(3))
def test_random_shops_equal_plain_python_at_several_instants(seed: int) -> None:
    shop = random_shop(seed)
    as_ofs = [datetime.combine(day + DAY, datetime.min.time(), UTC) for day in DAYS]
    assert build(shop, *as_ofs) == {
        key: row for as_of in as_ofs for key, row in _expected(shop, as_of).items() if row is not None
    }


def _expected(shop: SmallShop, as_of: datetime) -> dict[tuple[Any, ...], dict[str, Any] | None]:
    rows = sorted((row for row in shop.feeds if row["occurred_at"] < as_of), key=itemgetter("occurred_at", "event_id"))
    inactive = {row["product_id"]: not row["is_active"] for row in rows if row["event_type"] == "product_updated"}
    levels = {
        (row["location_id"], row["product_id"]): row for row in rows if row["event_type"] == "stock_level_changed"
    }
    return {
        (*place, as_of): None if inactive.get(place[1]) else _row(shop, place, row, as_of)
        for place, row in levels.items()
    }


def _row(shop: SmallShop, place: tuple[str, str], last: Row, as_of: datetime) -> dict[str, Any] | None:
    units = sum(
        item["quantity"]
        for row in shop.pos
        if row["event_type"] == "pos_transaction_completed" and row["store_id"] == place[0]
        for item in row["lines"]
        if item["product_id"] == place[1] and row["occurred_at"] < as_of
    )
    quantity, reorder_point = last["quantity_on_hand"], -(-4 * units // 7)
    if quantity > reorder_point:
        return None
    return {
        "location_kind": "store",
        "quantity_on_hand": quantity,
        "reorder_point": reorder_point,
        "units_sold_7d": units,
        "units_sold_28d": units,
        "cover_7d_days": quantity * 7 / units if units else None,
        "cover_28d_days": quantity * 28 / units if units else None,
        "changed_at": last["occurred_at"],
        "change_reason": None,
    }
