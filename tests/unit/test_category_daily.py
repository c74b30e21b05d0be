from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from batch_processing.category_daily import EVENTS_UP_TO_DAYS, category_daily
from batch_processing.product_categories import product_categories
from data_lake.sql import run_sql
from tests.fixtures.silver_rows import NOON, Row, event, line
from tests.fixtures.small_shop import SmallShop, by_key, day_of, measured, random_shop

DAY = timedelta(days=1)
TODAY = NOON.date()


def build(shop: SmallShop) -> dict[tuple[Any, ...], dict[str, Any]]:
    activity = shop.activity
    days = run_sql(EVENTS_UP_TO_DAYS, counts=shop.counts)
    return by_key(category_daily(activity, product_categories(activity), days), "date", "category")


@pytest.mark.parametrize("seed", range(3))
def test_random_shops_equal_plain_python(seed: int) -> None:
    shop = random_shop(seed)
    facts: dict[tuple[Any, ...], list[tuple[Row, Row]]] = {}
    for row, item in shop.facts():
        key = day_of(row), _last_category(shop, item["product_id"], day_of(row))
        facts.setdefault(key, []).append((row, item))
    assert build(shop) == {
        key: {
            "products": len({item["product_id"] for _, item in of}),
            **measured(of),
            "source_events": len({row["event_id"] for row, _ in shop.facts() if day_of(row) <= key[0]}),
        }
        for key, of in facts.items()
    }


def _last_category(shop: SmallShop, product_id: str, day: date) -> str:
    seen = [
        (row["occurred_at"], row["event_id"], item["category"])
        for row, item in shop.facts()
        if item["product_id"] == product_id and item["category"] and day_of(row) <= day
    ]
    return max(seen)[2] if seen else "unknown"


def test_a_category_is_the_last_one_up_to_the_end_of_the_day() -> None:
    viewed = [
        event("product_viewed", NOON - 2 * DAY, product_id="p"),
        event("product_viewed", NOON - DAY, product_id="p"),
        event("product_viewed", NOON - DAY + timedelta(hours=1), product_id="p", category="shoes"),
        event("product_viewed", NOON, product_id="p"),
        event("product_viewed", NOON + DAY, product_id="p", category="boots"),
    ]
    assert {key: row["views"] for key, row in build(SmallShop(viewed, [])).items()} == {
        (TODAY - 2 * DAY, "unknown"): 1,
        (TODAY - DAY, "shoes"): 2,
        (TODAY, "shoes"): 1,
        (TODAY + DAY, "boots"): 1,
    }


def test_an_order_with_two_products_of_a_category_is_one_order() -> None:
    lines = [line("p", 1, "1.0000", category="home"), line("q", 2, "1.0000", category="home"), line("p", 1, "1.0000")]
    [row] = build(SmallShop([event("order_placed", lines=lines)], [])).values()
    assert (row["orders"], row["products"], row["units_sold"], row["revenue"]) == (1, 2, 4, 4)
