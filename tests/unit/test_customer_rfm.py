from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from batch_processing.customer_rfm import customer_rfm
from tests.fixtures.silver_rows import NOON, Row, event, line
from tests.fixtures.small_shop import DAYS, SmallShop, by_key, is_return, random_shop, rounded

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
DAY = timedelta(days=1)


def build(shop: SmallShop, *as_ofs: datetime) -> dict[tuple[Any, ...], dict[str, Any]]:
    rows = customer_rfm(shop.clickstream_events, shop.pos_events, as_ofs or (AS_OF,))
    return by_key(rows, "customer_id", "as_of")


def bought(customer_id: str, at: datetime = NOON, price: str = "1.0000") -> Row:
    return event("order_placed", at, visitor_id="v", customer_id=customer_id, lines=[line("p", 1, price)])


@pytest.mark.parametrize("seed", range(3))
def test_random_shops_equal_plain_python(seed: int) -> None:
    shop = random_shop(seed)
    as_ofs = [datetime(day.year, day.month, day.day, tzinfo=UTC) + DAY for day in DAYS]
    expected: dict[tuple[Any, ...], dict[str, Any]] = {}
    for as_of in as_ofs:
        expected |= _in_plain_python(shop, as_of)
    assert build(shop, *as_ofs) == expected


def _in_plain_python(shop: SmallShop, as_of: datetime) -> dict[tuple[Any, ...], dict[str, Any]]:
    deals: dict[str, list[Row]] = {}
    for row in shop.deals():
        if row["customer_id"] and row["occurred_at"] < as_of and not is_return(row):
            deals.setdefault(row["customer_id"], []).append(row)
    values = {
        customer: {
            "recency_days": min((as_of - row["occurred_at"]) / DAY for row in of),
            "order_count": len(of),
            "revenue": rounded(sum(item["quantity"] * item["unit_price"] for row in of for item in row["lines"])),
        }
        for customer, of in deals.items()
    }
    return {(customer, as_of): row | _scores(row, list(values.values())) for customer, row in values.items()}


def _scores(row: dict[str, Any], all_rows: list[dict[str, Any]]) -> dict[str, int]:
    behind = {
        "recency_score": sum(other["recency_days"] > row["recency_days"] for other in all_rows),
        "frequency_score": sum(other["order_count"] < row["order_count"] for other in all_rows),
        "monetary_score": sum(other["revenue"] < row["revenue"] for other in all_rows),
    }
    return {name: 1 + 5 * count // len(all_rows) for name, count in behind.items()}


def test_ten_different_customers_fall_into_fifths() -> None:
    rows = build(SmallShop([bought(f"c-{n}", NOON - n * DAY, str(10 - n)) for n in range(10)], []))
    scores = [rows[f"c-{n}", AS_OF] for n in range(10)]
    assert [row["recency_score"] for row in scores] == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert [row["monetary_score"] for row in scores] == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert {row["frequency_score"] for row in scores} == {1}


def test_equal_values_score_alike_whatever_the_order() -> None:
    orders = [bought("c-1"), bought("c-2"), bought("c-3"), bought("c-3"), bought("c-4"), bought("c-5")]
    for rows in (build(SmallShop(orders, [])), build(SmallShop(orders[::-1], []))):
        assert [rows[f"c-{n}", AS_OF]["frequency_score"] for n in (1, 2, 3, 4, 5)] == [1, 1, 5, 1, 1]


def test_a_refund_takes_nothing_off_and_who_only_returned_is_not_scored() -> None:
    returned = [event("pos_return_completed", customer_id=name, lines=[line("p")]) for name in ("c", "d")]
    [(key, row)] = build(SmallShop([bought("c")], returned)).items()
    assert (key[0], row["revenue"], row["order_count"]) == ("c", Decimal("1.00"), 1)
