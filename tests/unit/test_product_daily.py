from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from batch_processing.product_daily import product_daily
from contracts.tables import GOLD_PRODUCT_DAILY
from tests.fixtures.silver_rows import NOON, Row, event, line
from tests.fixtures.small_shop import SmallShop

MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)


def build(clickstream: list[Row], pos: list[Row]) -> dict[tuple[date, str], dict[str, Any]]:
    rows = product_daily(SmallShop(clickstream, pos).activity).to_pylist()
    found = {(row["date"], row["product_id"]): row for row in rows}
    assert len(found) == len(rows), "the key is not unique"
    return found


def test_a_day_of_one_product() -> None:
    built = build(
        [
            event("product_viewed", visitor_id="v-1", product_id="p"),
            event("product_viewed", visitor_id="v-1", product_id="p"),
            event("product_viewed", visitor_id="v-2", product_id="p"),
            event("product_added_to_cart", visitor_id="v-1", product_id="p", quantity=5, unit_price=Decimal(9)),
            event("product_removed_from_cart", visitor_id="v-1", product_id="p", quantity=4),
            event("order_placed", visitor_id="v-1", lines=[line("p", 1, "0.3330"), line("p", 2, "0.3330")]),
            event("page_viewed", visitor_id="v-3"),
        ],
        [
            event("pos_transaction_completed", lines=[line("p", 1, "0.0060")]),
            event("pos_return_completed", lines=[line("p", 2, "0.3330")]),
        ],
    )
    assert built == {
        (date(2026, 11, 20), "p"): {
            "date": date(2026, 11, 20),
            "product_id": "p",
            "views": 3,
            "viewers": 2,
            "cart_adds": 1,
            "cart_removes": 1,
            "orders": 2,
            "units_sold": 4,
            "revenue": Decimal("1.01"),  # 1.005, rounded once; line by line it would be 0.33 + 0.67 + 0.01 = 1.01 too
            "units_returned": 2,
            "refunded": Decimal("0.67"),
            "source_events": 8,  # the page says nothing of a product
        }
    }


def test_only_the_total_is_rounded() -> None:
    lines = [line("p", 1, "0.0040") for _ in range(3)]
    [row] = build([event("order_placed", visitor_id="v", lines=lines)], []).values()
    assert row["revenue"] == Decimal("0.01")


def test_midnight_belongs_to_the_next_day() -> None:
    built = build(
        [
            event("product_viewed", MIDNIGHT - timedelta(microseconds=1), visitor_id="v", product_id="p"),
            event("product_viewed", MIDNIGHT, visitor_id="v", product_id="p"),
            event("product_viewed", MIDNIGHT, visitor_id="v", product_id="p"),
        ],
        [],
    )
    assert {key: row["source_events"] for key, row in built.items()} == {
        (date(2026, 11, 20), "p"): 1,
        (date(2026, 11, 21), "p"): 2,
    }


def test_the_largest_amounts_fit() -> None:
    lines = [line("p", 1_000_000, "99999999999999.9999") for _ in range(3)]
    [row] = build([event("order_placed", visitor_id="v", lines=lines)], []).values()
    assert row["revenue"] == Decimal("299999999999999999700.00")


@pytest.mark.parametrize("seed", [1, 2])
def test_random_events_equal_plain_python(seed: int) -> None:
    rnd = random.Random(seed)
    clickstream = [_random_click(rnd) for _ in range(200)]
    pos = [_random_deal(rnd, rnd.choice(["pos_transaction_completed", "pos_return_completed"])) for _ in range(40)]
    assert build(clickstream, pos) == _in_plain_python(clickstream + pos)


def _random_click(rnd: random.Random) -> Row:
    kind = rnd.choice(
        ["page_viewed", "product_viewed", "product_added_to_cart", "product_removed_from_cart", "order_placed"]
    )
    if kind == "order_placed":
        return _random_deal(rnd, kind)
    product = {} if kind == "page_viewed" else {"product_id": rnd.choice("abc")}
    return event(kind, _random_time(rnd), visitor_id=rnd.choice("xyz"), **product)


def _random_deal(rnd: random.Random, kind: str) -> Row:
    lines = [line(rnd.choice("abc"), rnd.randint(1, 9), f"{rnd.random() * 99:.4f}") for _ in range(rnd.randint(1, 4))]
    return event(kind, _random_time(rnd), visitor_id=rnd.choice("xyz"), lines=lines)


def _random_time(rnd: random.Random) -> datetime:
    return NOON + timedelta(hours=rnd.uniform(-24, 24))


def _in_plain_python(events: list[Row]) -> dict[tuple[date, str], dict[str, Any]]:
    exact: dict[tuple[date, str], dict[str, Any]] = defaultdict(lambda: defaultdict(int))
    events_of: dict[date, int] = defaultdict(int)
    viewers, orders = defaultdict(set), defaultdict(set)
    for row in events:
        day, kind = row["occurred_at"].date(), row["event_type"]
        events_of[day] += kind != "page_viewed"
        if kind == "product_viewed":
            exact[day, row["product_id"]]["views"] += 1
            viewers[day, row["product_id"]].add(row["visitor_id"])
        elif kind == "product_added_to_cart":
            exact[day, row["product_id"]]["cart_adds"] += 1
        elif kind == "product_removed_from_cart":
            exact[day, row["product_id"]]["cart_removes"] += 1
        for item in row.get("lines", []):
            key = day, item["product_id"]
            units, money = ("units_returned", "refunded") if "return" in kind else ("units_sold", "revenue")
            exact[key][units] += item["quantity"]
            exact[key][money] += item["quantity"] * item["unit_price"]
            if units == "units_sold":
                orders[key].add(row["event_id"])
    return {
        key: {
            **{column: values[column] for column in GOLD_PRODUCT_DAILY.column_names},
            "date": key[0],
            "product_id": key[1],
            "viewers": len(viewers[key]),
            "orders": len(orders[key]),
            "revenue": _rounded(values["revenue"]),
            "refunded": _rounded(values["refunded"]),
            "source_events": events_of[key[0]],
        }
        for key, values in exact.items()
    }


def _rounded(amount: Decimal | int) -> Decimal:
    return Decimal(amount).quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_what_a_bot_views_does_not_count_and_what_it_buys_does() -> None:
    views = [
        event("product_viewed", NOON + number * timedelta(seconds=1), visitor_id="bot", product_id="p")
        for number in range(20)
    ]
    order = event("order_placed", NOON + timedelta(seconds=30), visitor_id="bot", lines=[line("p")])
    before = event("product_viewed", NOON - timedelta(hours=1), visitor_id="bot", product_id="p")
    other = event("product_viewed", NOON + timedelta(seconds=5), visitor_id="v", product_id="p")
    [row] = build([*views, order, before, other], []).values()
    assert (row["views"], row["viewers"], row["orders"], row["source_events"]) == (2, 2, 1, 3 + 2 * 20)
    [row] = build([*views[1:], before], []).values()
    assert (row["views"], row["source_events"]) == (20, 20)
