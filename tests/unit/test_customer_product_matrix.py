from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from batch_processing.customer_product_matrix import EVENTS_OF_CUSTOMERS, customer_product_matrix
from batch_processing.customer_visitors import customer_visitors
from data_lake.sql import run_sql
from tests.fixtures.silver_rows import Row, event, line
from tests.fixtures.small_shop import SmallShop, by_key, day_of, measured, random_shop


def build(shop: SmallShop) -> dict[tuple[Any, ...], dict[str, Any]]:
    owners = customer_visitors(shop.clickstream_events)
    days = run_sql(EVENTS_OF_CUSTOMERS, counts=shop.counts)
    rows = customer_product_matrix(shop.activity, owners, days)
    return by_key(rows, "date", "customer_id", "product_id")


@pytest.mark.parametrize("seed", range(3))
def test_random_shops_equal_plain_python(seed: int) -> None:
    shop = random_shop(seed)
    facts: dict[tuple[Any, ...], list[tuple[Row, Row]]] = {}
    events_of: dict[date, set[str]] = {}
    for row, item in shop.facts():
        owner = row["customer_id"] or (owner_of(shop, row) if item is row else None)
        if owner:
            facts.setdefault((day_of(row), owner, item["product_id"]), []).append((row, item))
            events_of.setdefault(day_of(row), set()).add(row["event_id"])
    assert any(row["customer_id"] is None for of in facts.values() for row, _ in of)
    expected = {key: measured(of) for key, of in facts.items()}
    for row in expected.values():
        del row["viewers"]
    built = build(shop)
    assert all(row.pop("source_events") >= len(events_of[day]) for (day, _, _), row in built.items())
    assert built == expected


def owner_of(shop: SmallShop, row: Row) -> str | None:
    """Return whose the visitor of an event was, known by the end of its day."""
    named: list[tuple[datetime, str, str]] = [
        (each["occurred_at"], each["event_id"], each["customer_id"])
        for each in shop.clickstream
        if each["visitor_id"] == row["visitor_id"] and each["customer_id"] and day_of(each) <= day_of(row)
    ]
    before = [each for each in named if each[0] <= row["occurred_at"]]
    if before:
        return max(before)[2]
    first = [each for each in named if each[0] == min(named)[0]]
    return max(first)[2] if first else None


NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def view(at: datetime, customer_id: str | None = None, visitor_id: str = "v") -> Row:
    return event("product_viewed", at, visitor_id=visitor_id, customer_id=customer_id, product_id="p")


def views_of(*rows: Row) -> dict[tuple[str, int], int]:
    """Return (customer, days after the 20th) → views."""
    return {
        (who, (day - NOON.date()).days): row["views"] for (day, who, _), row in build(SmallShop([*rows], [])).items()
    }


def test_before_the_first_login_views_belong_to_it_and_after_one_to_the_last() -> None:
    before, between, after = view(NOON - HOUR), view(NOON + HOUR), view(NOON + 3 * HOUR)
    logins = view(NOON, "ann"), view(NOON + 2 * HOUR, "bob")
    assert views_of(before, between, after, *logins) == {("ann", 0): 3, ("bob", 0): 2}
    assert views_of(view(NOON, visitor_id="w"), *logins) == {("ann", 0): 1, ("bob", 0): 1}


def test_an_owner_stays_over_days_but_a_day_does_not_know_of_a_login_on_a_later_one() -> None:
    login = view(NOON, "ann")
    assert views_of(view(NOON - DAY), login, view(NOON + 9 * DAY)) == {("ann", 0): 1, ("ann", 9): 1}


def test_an_anonymous_order_on_an_owned_browser_is_nobodys() -> None:
    guest = event("order_placed", NOON + HOUR, visitor_id="v", lines=[line("p")])
    [row] = build(SmallShop([view(NOON, "ann"), guest], [])).values()
    assert (row["views"], row["orders"]) == (1, 0)


def test_nobody_known_leaves_no_row() -> None:
    bought = event("order_placed", visitor_id="v", lines=[line("p"), line("p")])
    assert build(SmallShop([bought], [event("pos_return_completed", lines=[line("p")])])) == {}


def test_what_a_customer_takes_back_stands_beside_what_was_bought() -> None:
    bought = event("order_placed", visitor_id="v", customer_id="c", lines=[line("p", 2), line("p", 1)])
    returned = event("pos_return_completed", customer_id="c", lines=[line("p", 3)])
    [row] = build(SmallShop([bought], [returned])).values()
    assert (row["orders"], row["units_sold"], row["revenue"]) == (1, 3, 3)
    assert (row["units_returned"], row["refunded"]) == (3, 3)
