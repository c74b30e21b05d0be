"""What batch scoring reads of customers, by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from batch_processing.barred_products import barred_products
from batch_processing.customer_histories import customer_histories, known_customers
from contracts.tables import GOLD_PRODUCT_FEATURES, SILVER_SESSIONS, SILVER_TRANSACTION_LINES
from tests.fixtures.rows import rows_of

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _session(customer: str | None, at: datetime, *products: str, **changes: Any) -> dict[str, Any]:
    row = {"session_id": f"{customer} {at}", "customer_id": customer, "started_at": at, "event_count": 3}
    return row | {"product_ids": list(products), "is_bot": False} | changes


def _line(customer: str | None, product: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    row = {"event_id": f"sale of {customer}", "line_number": number, "customer_id": customer, "product_id": product}
    return row | {"occurred_at": NOON + HOUR, "channel": "pos"} | changes


SESSIONS = rows_of(
    SILVER_SESSIONS,
    [
        _session("ann", NOON + 2 * HOUR, "c", "a", "a"),
        _session("ann", NOON, "a", "b"),
        _session("ann", NOON + 9 * HOUR, "x", is_bot=True),
        _session("old lake", NOON, "a", is_bot=None),
        _session("looks", NOON, product_ids=None),
        _session(None, NOON, "a"),
    ],
)
LINES = rows_of(
    SILVER_TRANSACTION_LINES,
    [
        _line("ann", "s", 2),
        _line("ann", "r", 1),
        _line("ann", "b", channel="online", event_id="order"),
        _line("store", "s"),
        _line(None, "s"),
    ],
)


def _known() -> dict[str, int]:
    rows = known_customers(SESSIONS, LINES).to_pylist()
    return {row["customer_id"]: row["source_events"] for row in rows}


def test_every_customer_of_sessions_and_sales_is_known_without_bots() -> None:
    assert _known() == {"ann": 3 + 3 + 3, "looks": 3, "old lake": 3, "store": 1}


def test_histories_are_in_order_of_time_with_sales_at_tills_between() -> None:
    rows = customer_histories(SESSIONS, LINES, known_customers(SESSIONS, LINES)).to_pylist()
    seen = {row["customer_id"]: row["seen"] for row in rows}
    assert seen == {"ann": ["a", "b", "r", "s", "c", "a", "a"], "looks": [], "old lake": ["a"], "store": ["s"]}
    bought = {row["customer_id"]: sorted(row["bought"]) for row in rows}
    assert bought == {"ann": ["b", "r", "s"], "looks": [], "old lake": [], "store": ["s"]}
    assert {row["customer_id"]: row["source_events"] for row in rows} == _known()


def test_only_the_customers_asked_for_and_only_the_last_of_what_they_saw() -> None:
    long = rows_of(SILVER_SESSIONS, [_session("ann", NOON + HOUR, *map(str, range(70))), _session("bob", NOON, "a")])
    known = known_customers(long, LINES)
    [row] = customer_histories(long, LINES.slice(0, 0), known.slice(0, 1)).to_pylist()
    assert (row["customer_id"], row["seen"]) == ("ann", [str(number) for number in range(20, 70)])


def test_what_is_sold_out_or_hidden_as_of_the_newest_day_is_barred() -> None:
    def product(product_id: str, day: int, quantity: int | None, is_active: bool | None) -> dict[str, Any]:
        as_of = datetime(2026, 11, day, tzinfo=UTC)
        return {"product_id": product_id, "as_of": as_of, "quantity_on_hand": quantity, "is_active": is_active}

    rows = [product("back", 20, 0, False), product("back", 21, 5, True), product("unknown", 21, None, None)]
    rows += [product("sold out", 21, 0, True), product("hidden", 21, 9, False)]
    barred = barred_products(rows_of(GOLD_PRODUCT_FEATURES, rows))
    assert (set(barred.sold_out), set(barred.hidden)) == ({"sold out"}, {"hidden"})
    assert barred_products(rows_of(GOLD_PRODUCT_FEATURES, [])).every() == frozenset()
