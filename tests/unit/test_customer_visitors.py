from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter

import pytest

from batch_processing.customer_visitors import customer_visitors, with_owner
from contracts.tables import SILVER_CLICKSTREAM_EVENTS
from data_lake.sql import run_sql
from tests.fixtures.rows import rows_of
from tests.fixtures.silver_rows import Row, event
from tests.fixtures.small_shop import SmallShop, day_of, random_shop

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MOMENT, HOUR = timedelta(microseconds=1), timedelta(hours=1)


def seen(at: datetime, customer_id: str | None = None, visitor_id: str = "v", **values: str) -> Row:
    return event("page_viewed", at, visitor_id=visitor_id, customer_id=customer_id, **values)


def stretches(*rows: Row) -> list[tuple[str, datetime, datetime, int, int]]:
    columns = ("customer_id", "first_seen_at", "last_seen_at", "event_count", "source_events")
    built = customer_visitors(rows_of(SILVER_CLICKSTREAM_EVENTS, rows)).to_pylist()
    return sorted((itemgetter(*columns)(row) for row in built), key=itemgetter(1))


def test_a_customer_who_comes_back_has_two_stretches() -> None:
    rows = [seen(NOON), seen(NOON + HOUR, "a"), seen(NOON + 2 * HOUR, "a"), seen(NOON + 3 * HOUR)]
    rows += [seen(NOON + 4 * HOUR, "b"), seen(NOON + 5 * HOUR, "a")]
    assert stretches(*rows[::-1]) == [
        ("a", NOON + HOUR, NOON + 2 * HOUR, 2, 4),
        ("b", NOON + 4 * HOUR, NOON + 4 * HOUR, 1, 4),
        ("a", NOON + 5 * HOUR, NOON + 5 * HOUR, 1, 4),
    ]


def test_a_stretch_ends_with_its_day_and_belongs_to_one_visitor() -> None:
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    rows = [seen(midnight - MOMENT, "a"), seen(midnight, "a"), seen(midnight + MOMENT, "b", "w"), seen(NOON, None, "x")]
    assert [row[:3] for row in stretches(*rows)] == [
        ("a", midnight - MOMENT, midnight - MOMENT),
        ("a", midnight, midnight),
        ("b", midnight + MOMENT, midnight + MOMENT),
    ]


def test_of_two_customers_at_one_instant_the_greater_event_id_counts() -> None:
    rows = [seen(NOON, "a", event_id="e-2"), seen(NOON, "b", event_id="e-1")]
    assert stretches(*rows) == stretches(*rows[::-1]) == [("a", NOON, NOON, 2, 2)]


@pytest.mark.parametrize("seed", range(3))
def test_random_shops_equal_plain_python(seed: int) -> None:
    shop = random_shop(seed)
    named = [row for row in sorted(shop.clickstream, key=itemgetter("event_id")) if row["customer_id"]]
    # The last event id of each instant wins.
    instants = {(row["visitor_id"], row["occurred_at"]): row for row in named}
    in_order = [instants[key] for key in sorted(instants)]
    expected = set()
    for (visitor_id, _), of_day in groupby(in_order, key=lambda row: (row["visitor_id"], day_of(row))):
        for customer_id, stretch in groupby(of_day, key=itemgetter("customer_id")):
            times = [row["occurred_at"] for row in stretch]
            expected.add((visitor_id, customer_id, times[0], times[-1]))
    built = customer_visitors(shop.clickstream_events).to_pylist()
    assert {itemgetter("visitor_id", "customer_id", "first_seen_at", "last_seen_at")(row) for row in built} == expected
    assert sum(row["event_count"] for row in built) == len(named)


def owners(*rows: Row) -> list[str | None]:
    """Return whose each anonymous event is, in order of time."""
    shop = SmallShop([*rows], [])
    found = run_sql(
        with_owner("FROM clickstream_events WHERE customer_id IS NULL"),
        clickstream_events=shop.clickstream_events,
        customer_visitors=customer_visitors(shop.clickstream_events),
    ).to_pylist()
    return [row["owner_id"] for row in sorted(found, key=itemgetter("occurred_at"))]


def test_an_owner_begins_at_the_instant_of_the_login() -> None:
    logins = [seen(NOON - HOUR, "a"), seen(NOON, "b")]
    assert owners(*logins, seen(NOON - MOMENT), seen(NOON), seen(NOON + HOUR)) == ["a", "b", "b"]


def test_before_the_first_login_of_the_day_the_visitor_is_the_first_customers() -> None:
    assert owners(seen(NOON - HOUR), seen(NOON, "a"), seen(NOON + HOUR, "b")) == ["a"]
    assert owners(seen(NOON - 24 * HOUR), seen(NOON, "a")) == [None]
    assert owners(seen(NOON), seen(NOON, "a", visitor_id="w")) == [None]
