from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from batch_processing.customer_rfm import customer_rfm, last_true
from batch_processing.source_events import of_day
from contracts.tables import GOLD_CUSTOMER_RFM
from data_lake.schemas import arrow_schema
from data_lake.sql import run_sql
from tests.fixtures.silver_rows import NOON, Row, event, line
from tests.fixtures.small_shop import DAYS, SmallShop, by_key, is_return, random_shop, rounded

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
DAY = timedelta(days=1)


NOTHING = arrow_schema(GOLD_CUSTOMER_RFM).empty_table()


def build(shop: SmallShop, *as_ofs: datetime) -> dict[tuple[Any, ...], dict[str, Any]]:
    return by_key(table_of(shop, as_ofs or (AS_OF,)), "customer_id", "as_of")


def table_of(shop: SmallShop, as_ofs: Sequence[datetime], known: pa.Table = NOTHING) -> pa.Table:
    """Return the table's rows; what is known as of an instant needs only the shop's events from it on."""
    [since] = set(known["as_of"].to_pylist()) or {datetime.min.replace(tzinfo=UTC)}
    clickstream, pos = (
        rows.filter(pc.field("occurred_at") >= since) for rows in (shop.clickstream_events, shop.pos_events)
    )
    return customer_rfm(clickstream, pos, known, deals_of(shop), as_ofs)


def deals_of(shop: SmallShop) -> pa.Table:
    return run_sql(of_day("deals_of_customers"), counts=shop.counts)


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
            "last_order_at": max(row["occurred_at"] for row in of),
            "amount": (amount := sum(item["quantity"] * item["unit_price"] for row in of for item in row["lines"])),
            "revenue": rounded(amount),
            "source_events": sum(map(len, deals.values())),
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


@pytest.mark.parametrize("seed", range(3))
def test_a_day_that_goes_on_from_an_earlier_one_equals_one_from_the_beginning(seed: int) -> None:
    shop = random_shop(seed)
    first, second, third = (datetime(day.year, day.month, day.day, tzinfo=UTC) + DAY for day in DAYS)
    known = table_of(shop, [first])
    assert by_key(table_of(shop, [second, third], known), "customer_id", "as_of") == build(shop, second, third)


def test_the_last_true_day_is_the_last_that_nothing_came_late_for() -> None:
    early = SmallShop([bought("c-1", NOON - DAY), bought("c-2", NOON)], [])
    as_ofs = [AS_OF - 2 * DAY, AS_OF - DAY, AS_OF]
    built = table_of(early, as_ofs)
    assert last_true(built, deals_of(early)) == AS_OF
    late = SmallShop([*early.clickstream, bought("c-1", NOON - timedelta(hours=2))], [])
    assert last_true(built, deals_of(late)) == AS_OF - DAY
    assert last_true(built, deals_of(SmallShop([bought("c-1", NOON - DAY)], []))) == AS_OF - DAY
    assert last_true(built, deals_of(SmallShop([], []))) is None


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
