from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from batch_processing.store_daily import store_daily
from tests.fixtures.silver_rows import event, line
from tests.fixtures.small_shop import SmallShop, by_key, day_of, is_return, random_shop, rounded

MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)


def build(shop: SmallShop) -> dict[tuple[Any, ...], dict[str, Any]]:
    return by_key(store_daily(shop.pos_events), "date", "store_id")


@pytest.mark.parametrize("seed", range(3))
def test_random_shops_equal_plain_python(seed: int) -> None:
    shop = random_shop(seed)
    keys = {(day_of(row), row["store_id"]) for row in shop.pos}
    assert build(shop) == {key: _in_plain_python(shop, *key) for key in keys}


def _in_plain_python(shop: SmallShop, day: Any, store_id: str) -> dict[str, Any]:
    of_day = [row for row in shop.pos if day_of(row) == day]
    own = [row for row in of_day if row["store_id"] == store_id]
    sold = [item for row in own if not is_return(row) for item in row["lines"]]
    returned = [item for row in own if is_return(row) for item in row["lines"]]
    return {
        "sales": sum(not is_return(row) for row in own),
        "customers": len({row["customer_id"] for row in own} - {None}),
        "units_sold": sum(item["quantity"] for item in sold),
        "revenue": rounded(sum(item["quantity"] * item["unit_price"] for item in sold)),
        "returns": sum(is_return(row) for row in own),
        "units_returned": sum(item["quantity"] for item in returned),
        "refunded": rounded(sum(item["quantity"] * item["unit_price"] for item in returned)),
        "source_events": len(of_day),
    }


def test_a_return_at_midnight_without_a_sale_is_the_next_day_alone() -> None:
    sold = event("pos_transaction_completed", MIDNIGHT - timedelta(microseconds=1), store_id="N", lines=[line("p")])
    returned = event("pos_return_completed", MIDNIGHT, store_id="N", lines=[line("p", 1, "0.0050")])
    built = build(SmallShop([], [sold, returned]))
    assert {day.day: (row["sales"], row["returns"], row["refunded"]) for (day, _), row in built.items()} == {
        20: (1, 0, Decimal(0)),
        21: (0, 1, Decimal("0.01")),
    }


def test_the_largest_amounts_fit() -> None:
    lines = [line("p", 1_000_000, "99999999999999.9999") for _ in range(3)]
    [row] = build(SmallShop([], [event("pos_transaction_completed", store_id="N", lines=lines)])).values()
    assert row["revenue"] == Decimal("299999999999999999700.00")
