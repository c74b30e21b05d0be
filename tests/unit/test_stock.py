from __future__ import annotations

from random import Random

from data_sources.catalogue import build_catalogue
from data_sources.steps import Step
from data_sources.stock import LEAD_HOURS, WAREHOUSE, Stock
from data_sources.times import HOUR_MS

[PRODUCT] = build_catalogue(7, 1).products
NEVER = 10**18


def stock() -> Stock:
    return Stock({WAREHOUSE: 0.1, "s-01": 0.1}, {PRODUCT.product_id: 1.0}, Random(1))


def order(at_ms: int, quantity: int) -> Step:
    return Step(at_ms, "order_placed", {"lines": [{**PRODUCT.shown, "quantity": quantity}]})


def levels(steps: list[Step]) -> list[tuple[str, int]]:
    changed = [step.fields for step in steps if step.event_type == "stock_level_changed"]
    return [(fields["change_reason"], fields["quantity_on_hand"]) for fields in changed]


def test_no_more_is_taken_than_there_is_and_what_is_put_back_can_be_taken_again() -> None:
    shelf = stock()
    first = shelf.take(WAREHOUSE, PRODUCT, 100)
    assert 0 < first < 100
    assert shelf.take(WAREHOUSE, PRODUCT, 1) == 0
    assert shelf.refused_units == 101 - first
    shelf.put_back(WAREHOUSE, PRODUCT, 2)
    assert shelf.take(WAREHOUSE, PRODUCT, 5) == 2
    assert shelf.take("s-01", PRODUCT, 1) == 1


def test_the_last_unit_is_reported_at_once_and_a_bigger_delivery_follows() -> None:
    shelf = stock()
    first = shelf.take(WAREHOUSE, PRODUCT, 100)
    late = Step(100 * HOUR_MS, "page_viewed", {})
    sold, out, delivered, end = shelf.follow([order(HOUR_MS, first), late], iter([NEVER]))
    assert levels([sold, out, delivered, end]) == [("sold", 0), ("received", 12)]
    assert out.at_ms == HOUR_MS
    assert LEAD_HOURS[0] <= (delivered.at_ms - HOUR_MS) / HOUR_MS <= LEAD_HOURS[1]
    assert shelf.take(WAREHOUSE, PRODUCT, 100) == 12


def test_other_changes_are_reported_in_turn_and_then_something_is_counted() -> None:
    shelf = stock()
    full = shelf.take(WAREHOUSE, PRODUCT, 100)
    shelf.put_back(WAREHOUSE, PRODUCT, full - 1)
    back = Step(2, "pos_return_completed", {"store_id": "s-01", "lines": [{**PRODUCT.shown, "quantity": 2}]})
    times = iter([3, 4, 5, NEVER])
    first, second, third = levels(list(shelf.follow([order(1, 1), back, Step(9, "page_viewed", {})], times)))
    assert first == ("sold", full - 1)
    assert second[0] == "returned"
    assert third[0] == "counted"
