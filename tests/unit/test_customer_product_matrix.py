from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from batch_processing.customer_product_matrix import customer_product_matrix
from tests.fixtures.silver_rows import Row, event, line
from tests.fixtures.small_shop import SmallShop, by_key, day_of, measured, random_shop


def build(shop: SmallShop) -> dict[tuple[Any, ...], dict[str, Any]]:
    rows = customer_product_matrix(shop.clickstream_events, shop.pos_events)
    return by_key(rows, "date", "customer_id", "product_id")


@pytest.mark.parametrize("seed", range(3))
def test_random_shops_equal_plain_python(seed: int) -> None:
    shop = random_shop(seed)
    facts: dict[tuple[Any, ...], list[tuple[Row, Row]]] = {}
    events_of: dict[date, set[str]] = {}
    for row, item in shop.facts():
        if row["customer_id"]:
            facts.setdefault((day_of(row), row["customer_id"], item["product_id"]), []).append((row, item))
            events_of.setdefault(day_of(row), set()).add(row["event_id"])
    expected = {key: {**measured(of), "source_events": len(events_of[key[0]])} for key, of in facts.items()}
    for row in expected.values():
        del row["viewers"]
    assert build(shop) == expected


def test_nobody_known_leaves_no_row() -> None:
    bought = event("order_placed", visitor_id="v", lines=[line("p"), line("p")])
    assert build(SmallShop([bought], [event("pos_return_completed", lines=[line("p")])])) == {}


def test_what_a_customer_takes_back_stands_beside_what_was_bought() -> None:
    bought = event("order_placed", visitor_id="v", customer_id="c", lines=[line("p", 2), line("p", 1)])
    returned = event("pos_return_completed", customer_id="c", lines=[line("p", 3)])
    [row] = build(SmallShop([bought], [returned])).values()
    assert (row["orders"], row["units_sold"], row["revenue"]) == (1, 3, 3)
    assert (row["units_returned"], row["refunded"]) == (3, 3)
