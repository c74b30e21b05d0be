"""Every line sold with what held at its time, against a search through all events in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_processing.silver import Feeds
from batch_processing.transaction_lines import EVENTS_OF_SALES, transaction_lines
from contracts.tables import (
    SILVER_CLICKSTREAM_EVENTS,
    SILVER_INVENTORY_EVENTS,
    SILVER_POS_EVENTS,
    SILVER_PRICE_EVENTS,
    SILVER_PROMOTION_EVENTS,
    SILVER_WEATHER_EVENTS,
)
from data_lake.sql import run_sql
from tests.fixtures.counts import counts_of
from tests.fixtures.rows import rows_of
from tests.fixtures.silver_rows import NOON, Row, event, line

MOMENT, HOUR, DAY = timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)
_BY_TIME = itemgetter("occurred_at", "event_id")
ALL_YEAR = {"starts_at": datetime(2026, 1, 1, tzinfo=UTC), "ends_at": datetime(2027, 1, 1, tzinfo=UTC)}
_TABLES = {
    "order_placed": SILVER_CLICKSTREAM_EVENTS,
    "pos_transaction_completed": SILVER_POS_EVENTS,
    "pos_return_completed": SILVER_POS_EVENTS,
    "product_updated": SILVER_INVENTORY_EVENTS,
    "stock_level_changed": SILVER_INVENTORY_EVENTS,
    "price_changed": SILVER_PRICE_EVENTS,
    "promotion_planned": SILVER_PROMOTION_EVENTS,
    "campaign_planned": SILVER_PROMOTION_EVENTS,
    "weather_observed": SILVER_WEATHER_EVENTS,
}


def tables_of(events: Iterable[Row]) -> dict[str, pa.Table]:
    found: dict[str, list[Row]] = {table.name.removeprefix("silver."): [] for table in _TABLES.values()}
    for row in events:
        found[_TABLES[row["event_type"]].name.removeprefix("silver.")].append(row)
    return {name: rows_of(table, found[name.removeprefix("silver.")]) for name, table in _named().items()}


def _named() -> dict[str, Any]:
    return {table.name.removeprefix("silver."): table for table in _TABLES.values()}


def build(*events: Row) -> list[Row]:
    """The lines of every day that has an event; how many events are its sources is another question."""
    days = sorted({row["occurred_at"].date() for row in events})
    return _lines_of(tables_of(events), pa.table({"date": days, "source_events": [1] * len(days)}))


def build_counted_days(*events: Row) -> list[Row]:
    """The lines of the days that the counts of silver's events name, as the batch builds them."""
    tables = tables_of(events)
    days = run_sql(EVENTS_OF_SALES, counts=counts_of(**tables), promotion_events=tables["promotion_events"])
    return _lines_of(tables, days)


def _lines_of(tables: dict[str, pa.Table], days: pa.Table) -> list[Row]:
    feeds = Feeds(**{name: tables[name] for name in Feeds._fields})
    rows: list[Row] = transaction_lines((tables["clickstream_events"], tables["pos_events"]), feeds, days).to_pylist()
    return sorted(rows, key=lambda row: (row["event_id"], row["line_number"]))


def sale(at: datetime = NOON, *lines: Row, **values: Any) -> Row:
    till = {"store_id": "s-01", "transaction_id": "t-1", "country": "DE"}
    return event("pos_transaction_completed", at, **till | {"lines": list(lines) or [line("p")]} | values)


def order(at: datetime = NOON, *lines: Row, **values: Any) -> Row:
    web = {"visitor_id": "v", "order_id": "o-1"}
    return event("order_placed", at, **web | {"lines": list(lines) or [line("p")]} | values)


def weather(at: datetime, temperature_c: float, **values: Any) -> Row:
    place = {"location_id": "s-01", "location_kind": "store"}
    return event("weather_observed", at, temperature_c=temperature_c, **place | values)


def price(effective_at: datetime, new_price: str, at: datetime = NOON, **values: Any) -> Row:
    return event(
        "price_changed", at, effective_at=effective_at, new_price=Decimal(new_price), **{"product_id": "p"} | values
    )


def plan(plan_id: str, at: datetime = NOON - 9 * DAY, **values: Any) -> Row:
    return event("promotion_planned", at, plan_id=plan_id, **ALL_YEAR | values)


def master(at: datetime, list_price: str, **values: Any) -> Row:
    return event("product_updated", at, list_price=Decimal(list_price), **{"product_id": "p"} | values)


def test_a_line_is_a_row_and_a_return_is_none() -> None:
    bought = order(NOON, line("p", 2, "3.5"), line("p", 1, "3.5"), event_id="e", customer_id="c")
    back = event("pos_return_completed", lines=[line("p")], store_id="s-01")
    first, second = build(bought, back)
    assert (first["event_id"], first["line_number"], first["quantity"]) == ("e", 1, 2)
    assert (second["event_id"], second["line_number"], second["quantity"]) == ("e", 2, 1)
    assert (first["channel"], first["transaction_id"], first["visitor_id"]) == ("online", "o-1", "v")
    assert (first["customer_id"], first["store_id"], first["date"]) == ("c", None, NOON.date())
    [till] = build(sale())
    assert (till["channel"], till["transaction_id"], till["store_id"]) == ("pos", "t-1", "s-01")


@pytest.mark.parametrize(
    ("observed_at", "seen"),
    [
        (NOON, 7.0),
        (NOON + MOMENT, None),
        (NOON - MOMENT, 7.0),
        (NOON - DAY, 7.0),
        (NOON - DAY - MOMENT, None),
    ],
)
def test_an_observation_counts_from_its_instant_on_for_a_day(observed_at: datetime, seen: float | None) -> None:
    [row] = build(sale(), weather(observed_at, 7.0, condition="rain"))
    assert row["temperature_c"] == seen
    assert row["condition"] == (None if seen is None else "rain")
    assert row["weather_observed_at"] == (None if seen is None else observed_at)


def test_without_an_observation_of_its_own_store_weather_is_null_not_zero() -> None:
    elsewhere = weather(NOON, 0.0, location_id="s-02")
    city = weather(NOON, 0.0, location_kind="city")
    for row in build(sale(), order(), elsewhere, city):
        measures = ("weather_observed_at", "temperature_c", "precipitation_mm", "wind_m_per_s", "condition")
        assert {row[name] for name in measures} == {None}


def test_of_two_observations_at_one_instant_the_greater_event_id_holds() -> None:
    twice = [weather(NOON, 1.0, event_id="e-a"), weather(NOON, 2.0, event_id="e-b")]
    assert [build(sale(), *seen)[0]["temperature_c"] for seen in (twice, twice[::-1])] == [2.0, 2.0]


def test_a_value_that_the_last_observation_lacks_is_null() -> None:
    older, newer = weather(NOON - HOUR, 1.0, wind_m_per_s=5.0), weather(NOON, 2.0)
    assert build(sale(), older, newer)[0]["wind_m_per_s"] is None


@pytest.mark.parametrize(("effective_at", "own"), [(NOON, "8"), (NOON + MOMENT, "10"), (NOON - 400 * DAY, "8")])
def test_a_price_holds_from_its_effective_instant_on(effective_at: datetime, own: str) -> None:
    [row] = build(sale(NOON, line("p", unit_price="4")), master(NOON - DAY, "10"), price(effective_at, "8"))
    assert (row["list_price"], row["own_price"]) == (10, Decimal(own))
    assert row["discount_ratio"] == pytest.approx(1 - 4 / float(own))


def test_of_two_prices_of_one_instant_the_one_announced_later_holds() -> None:
    early, late = price(NOON, "8", NOON - DAY, event_id="e-b"), price(NOON, "9", NOON - HOUR, event_id="e-a")
    assert build(sale(), early, late)[0]["own_price"] == 9


def test_without_a_price_before_there_is_no_discount() -> None:
    [row] = build(sale(), price(NOON + MOMENT, "8"), master(NOON + MOMENT, "8"), price(NOON, "8", product_id="q"))
    assert (row["list_price"], row["own_price"], row["discount_ratio"]) == (None, None, None)
    [free] = build(sale(), price(NOON, "0"))
    assert (free["own_price"], free["discount_ratio"]) == (0, None)


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "holds"),
    [(NOON, NOON + MOMENT, True), (NOON - HOUR, NOON, False), (NOON + MOMENT, NOON + HOUR, False), (NOON, NOON, False)],
)
def test_a_promotion_begins_with_its_start_and_is_over_at_its_end(
    starts_at: datetime, ends_at: datetime, holds: bool
) -> None:
    [row] = build(sale(), plan("a", starts_at=starts_at, ends_at=ends_at))
    assert row["promotion_ids"] == (["a"] if holds else [])


@pytest.mark.parametrize(
    ("scope", "online", "pos"),
    [
        ({}, True, True),
        ({"channels": ["online"]}, True, False),
        ({"channels": ["online", "pos"], "product_ids": ["q", "p"]}, True, True),
        ({"product_ids": ["q"]}, False, False),
        ({"category": "home"}, True, True),
        ({"category": "p"}, False, False),
        ({"product_ids": ["q"], "category": "home"}, True, True),
        ({"product_ids": ["p", "p"], "category": "home"}, True, True),
    ],
)
def test_a_promotion_holds_in_its_scope(scope: dict[str, Any], online: bool, pos: bool) -> None:
    item = line("p", category="home")
    rows = build(sale(NOON, item), order(NOON, item), plan("a", **scope))
    assert {row["channel"]: row["promotion_ids"] == ["a"] for row in rows} == {"online": online, "pos": pos}
    assert all(len(row["promotion_ids"]) <= 1 for row in rows)


def test_a_category_missing_on_the_line_is_the_master_datas() -> None:
    [row] = build(sale(), plan("a", category="home"), master(NOON, "1", category="home", brand="b"))
    assert (row["category"], row["brand"], row["promotion_ids"]) == ("home", "b", ["a"])


def test_a_moved_plan_does_not_hold_at_its_old_time_and_a_campaign_is_no_promotion() -> None:
    moved = plan("a", NOON + DAY, starts_at=NOON + DAY)
    campaign = event("campaign_planned", plan_id="c", **ALL_YEAR)
    assert build(sale(), plan("a"), moved, campaign)[0]["promotion_ids"] == []


def test_the_promotion_that_started_last_comes_first() -> None:
    plans = [plan("b"), plan("a"), plan("z", starts_at=NOON - HOUR)]
    assert build(sale(), *plans)[0]["promotion_ids"] == ["z", "a", "b"]


# A few instants, close enough to meet: the sale's, a moment off, a day before, more than a day before.
_INSTANTS = st.sampled_from(
    [NOON + offset for offset in (-2 * DAY, -DAY - MOMENT, -DAY, -MOMENT, 0 * DAY, MOMENT, DAY)]
)
_PRODUCTS, _CATEGORIES = st.sampled_from("pq"), st.sampled_from([None, "home", "toys"])
_PRICES = st.sampled_from(["0", "0.0050", "3.1", "7"]).map(Decimal)


@st.composite
def _shops(draw: st.DrawFn) -> list[Row]:
    """A shop's events; several of one kind often share an instant."""
    ids = (f"e-{number}" for number in draw(st.permutations(range(80))))
    kinds: dict[str, Callable[[], Row]] = {
        "order_placed": lambda: {"visitor_id": "v", "lines": draw(_lines())},
        "pos_transaction_completed": lambda: {"store_id": draw(st.sampled_from("NS")), "lines": draw(_lines())},
        "weather_observed": lambda: {
            "location_id": draw(st.sampled_from("NS")),
            "location_kind": draw(st.sampled_from(["store", "store", "city"])),
            "temperature_c": draw(st.none() | st.sampled_from([-1.5, 0.0, 30.0])),
        },
        "price_changed": lambda: {
            "product_id": draw(_PRODUCTS),
            "new_price": draw(_PRICES),
            "effective_at": draw(_INSTANTS),
        },
        "product_updated": lambda: {
            "product_id": draw(_PRODUCTS),
            "list_price": draw(_PRICES),
            "category": draw(_CATEGORIES),
        },
        "promotion_planned": lambda: {
            "plan_id": draw(st.sampled_from(["a", "b", "c"])),
            "product_ids": draw(st.none() | st.lists(_PRODUCTS, min_size=1, max_size=2)),
            "category": draw(_CATEGORIES),
            "channels": draw(st.sampled_from([None, ["online"], ["pos"], ["online", "pos"]])),
            "starts_at": draw(_INSTANTS),
            "ends_at": draw(_INSTANTS),
        },
    }
    found = draw(st.lists(st.sampled_from(list(kinds)), min_size=30, max_size=80))
    return [event(kind, draw(_INSTANTS), event_id=next(ids), **kinds[kind]()) for kind in found]


@st.composite
def _lines(draw: st.DrawFn) -> list[Row]:
    return [
        line(draw(_PRODUCTS), draw(st.integers(1, 3)), str(draw(_PRICES)), category=draw(_CATEGORIES))
        for _ in range(draw(st.integers(1, 3)))
    ]


def _last(rows: Iterable[Row], order: Callable[[Row], Any]) -> Row:
    return max(rows, key=order, default={})


def _of(shop: list[Row], kind: str) -> list[Row]:
    return [row for row in shop if row["event_type"] == kind]


def _expected(shop: list[Row], sold: Row, item: Row) -> dict[str, Any]:
    at, product_id = sold["occurred_at"], item["product_id"]
    seen = _last(
        (
            row
            for row in _of(shop, "weather_observed")
            if (row["location_kind"], row["location_id"]) == ("store", sold.get("store_id"))
            and at - DAY <= row["occurred_at"] <= at
        ),
        _BY_TIME,
    )
    updates = (row for row in _of(shop, "product_updated") if row["product_id"] == product_id)
    product = _last((row for row in updates if row["occurred_at"] <= at), _BY_TIME)
    changes = (row for row in _of(shop, "price_changed") if row["product_id"] == product_id)
    changed = _last(
        (row for row in changes if row["effective_at"] <= at), itemgetter("effective_at", "occurred_at", "event_id")
    )
    category = item["category"] or product.get("category")
    own = changed.get("new_price", product.get("list_price"))
    return {
        "temperature_c": seen.get("temperature_c"),
        "weather_observed_at": seen.get("occurred_at"),
        "list_price": product.get("list_price"),
        "own_price": own,
        "category": category,
        "discount_ratio": pytest.approx(1 - float(item["unit_price"]) / float(own)) if own else None,
        "promotion_ids": _promotions(shop, sold, product_id, category),
    }


def _promotions(shop: list[Row], sold: Row, product_id: str, category: str | None) -> list[str]:
    at, channel = sold["occurred_at"], "online" if sold["event_type"] == "order_placed" else "pos"
    latest: dict[str, Row] = {}
    for each in sorted(_of(shop, "promotion_planned"), key=_BY_TIME):
        latest[each["plan_id"]] = each
    held = [
        each
        for each in latest.values()
        if each["starts_at"] <= at < each["ends_at"]
        and channel in (each["channels"] or ["online", "pos"])
        and (
            (each["product_ids"] is None and each["category"] is None)
            or product_id in (each["product_ids"] or [])
            or (category is not None and category == each["category"])
        )
    ]
    return [
        each["plan_id"] for each in sorted(held, key=lambda each: (-each["starts_at"].timestamp(), each["plan_id"]))
    ]


@settings(max_examples=12)
@given(_shops())
def test_any_shop_equals_a_search_through_all_events(shop: list[Row]) -> None:
    sold = {row["event_id"]: row for row in shop if row.get("lines")}
    rows = build_counted_days(*shop)
    assert {(row["event_id"], row["line_number"]) for row in rows} == {
        (event_id, number) for event_id, row in sold.items() for number in range(1, len(row["lines"]) + 1)
    }
    for row in rows:
        of = sold[row["event_id"]]
        item = of["lines"][row["line_number"] - 1]
        expected = _expected(shop, of, item) | {"product_id": item["product_id"], "unit_price": item["unit_price"]}
        assert {name: row[name] for name in expected} == expected
        assert row["date"] == of["occurred_at"].date()
