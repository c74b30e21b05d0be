from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from batch_processing.product_activity_hourly import product_activity_hourly
from batch_processing.product_daily import product_daily
from tests.fixtures.silver_rows import NOON, Row, event, line
from tests.fixtures.small_shop import SmallShop, by_key, day_of, is_return, measured, random_shop


def build(shop: SmallShop) -> dict[tuple[Any, ...], dict[str, Any]]:
    return by_key(product_activity_hourly(shop.activity), "hour", "product_id")


@pytest.mark.parametrize("seed", range(3))
def test_random_shops_equal_plain_python(seed: int) -> None:
    shop = random_shop(seed)
    facts: dict[tuple[Any, ...], list[tuple[Row, Row]]] = {}
    events_of: dict[date, set[str]] = {}
    for row, item in shop.facts():
        hour = row["occurred_at"].replace(minute=0, second=0, microsecond=0)
        facts.setdefault((hour, item["product_id"]), []).append((row, item))
        events_of.setdefault(day_of(row), set()).add(row["event_id"])
    assert build(shop) == {
        (hour, product_id): {
            "date": hour.date(),
            **measured(of),
            "returns": len({row["event_id"] for row, _ in of if is_return(row)}),
            "source_events": len(events_of[hour.date()]),
        }
        for (hour, product_id), of in facts.items()
    }


def test_the_hours_of_a_day_add_up_to_the_day() -> None:
    shop = random_shop(7)
    days = by_key(product_daily(shop.activity), "date", "product_id")
    hours = build(shop)
    for (day_of_row, product_id), day in days.items():
        of = [row for (_, product), row in hours.items() if (row["date"], product) == (day_of_row, product_id)]
        for name in ("views", "cart_adds", "cart_removes", "orders", "units_sold", "units_returned"):
            assert sum(row[name] for row in of) == day[name]


def test_the_last_moment_of_a_day_is_in_its_last_hour() -> None:
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    viewed = [event("product_viewed", at, product_id="p") for at in (midnight - timedelta(microseconds=1), midnight)]
    built = build(SmallShop(viewed, []))
    assert {hour: row["date"].day for (hour, _), row in built.items()} == {
        midnight - timedelta(hours=1): 20,
        midnight: 21,
    }


def test_a_return_without_a_sale_counts_once_however_many_lines() -> None:
    returned = event("pos_return_completed", NOON, lines=[line("p", 2, "0.3330"), line("p", 1, "0.3390")])
    [row] = build(SmallShop([], [returned])).values()
    assert (row["returns"], row["units_returned"], str(row["refunded"])) == (1, 3, "1.01")
    assert (row["orders"], row["units_sold"], row["revenue"]) == (0, 0, 0)
