"""The Complete Journey files as events, against the same files read by DuckDB."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from decimal import Decimal

import pytest

from contracts import Event, parse_event
from data_sources.replay import Replayed
from tests.fixtures.real_files import BASKETS, CAMPAIGNS, ask, needs_complete_journey, replayed

pytestmark = needs_complete_journey


@pytest.fixture(scope="module")
def messages() -> list[Replayed]:
    return replayed(BASKETS, "complete_journey")


@pytest.fixture(scope="module")
def sales(messages: list[Replayed]) -> list[Event]:
    """The events, each accepted by its contract."""
    checked = [parse_event(each.message.value, each.message.topic) for each in messages if not each.mapping_error]
    events = [event for event in checked if isinstance(event, dict)]
    assert len(events) == len(checked)
    return events


def test_75000_rows_are_47034_baskets_and_416_rejected_rows(messages: list[Replayed], sales: list[Event]) -> None:
    baskets = ask(BASKETS, "select count(distinct basket_id), count(*) from file where quantity::double > 0")
    rows = sum(each.rows for each in messages if not each.mapping_error)
    assert [(len({sale["event_id"] for sale in sales}), rows)] == baskets == [(47_034, 74_584)]
    assert len(messages) == 47_034 + 416


def test_a_row_of_quantity_0_is_rejected_as_it_stands_and_no_money_goes_with_it(messages: list[Replayed]) -> None:
    rejected = Counter(each.message.value.decode() for each in messages if each.mapping_error)
    expected = ask(BASKETS, "select concat_ws(',', *columns(*)), sales_value from file where quantity = '0.0'")
    assert rejected == Counter(row for row, _ in expected)
    assert {value for _, value in expected} == {"0.0", "4.440892e-16"}
    reasons = {each.mapping_error for each in messages if each.mapping_error}
    assert reasons == {"quantity is 0: expected 1 or more units to share the total among"}


def test_every_row_s_units_and_money_are_in_its_basket_to_the_cent(sales: list[Event]) -> None:
    units: defaultdict[tuple[str, ...], int] = defaultdict(int)
    money: defaultdict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for sale in sales:
        for line in sale["lines"]:
            row = (sale["transaction_id"], sale["store_id"], sale["customer_id"], line["product_id"])
            units[row] += line["quantity"]
            money[row] += line["quantity"] * Decimal(line["unit_price"])
    expected = ask(
        BASKETS,
        "select basket_id, store_id, household_id, product_id, quantity::double::int, sales_value::decimal(18, 4) "
        "from file where quantity::double > 0",
    )
    assert {row: (units[row], money[row]) for row in units} == {tuple(row): (q, value) for *row, q, value in expected}
    assert (sum(units.values()), sum(money.values())) == (7_784_694, Decimal("233935.24"))


def test_only_totals_that_do_not_come_out_even_give_two_lines(sales: list[Event]) -> None:
    uneven = ask(
        BASKETS,
        "select count(*) from file "
        "where quantity::double > 0 and sales_value::decimal(18, 4) * 10000 % quantity::double::int > 0",
    )
    assert [(sum(len(sale["lines"]) for sale in sales) - 74_584,)] == uneven == [(1_269,)]


def test_goods_given_away_are_sold_at_0(sales: list[Event]) -> None:
    given = [line for sale in sales for line in sale["lines"] if Decimal(line["unit_price"]) == 0]
    expected = ask(BASKETS, "select count(*) from file where quantity::double > 0 and sales_value = '0.0'")
    assert [(len(given),)] == expected == [(113,)]


def test_the_times_are_utc_as_the_file_s_weeks_begin_at_midnight_in_new_york(sales: list[Event]) -> None:
    other_weeks = ask(
        BASKETS,
        "with sale as (select week, transaction_timestamp::timestamp at time zone 'UTC' as instant from file) "
        "select count(*) from sale where week::int - 1 "
        "<> date_diff('day', date '2016-12-26', (instant at time zone 'America/New_York')::date) // 7",
    )
    assert other_weeks == [(0,)]
    expected = ask(BASKETS, "select basket_id, transaction_timestamp from file where quantity::double > 0")
    times = {sale["transaction_id"]: sale["occurred_at"] for sale in sales}
    assert times == {basket: f"{time.replace(' ', 'T')}Z" for basket, time in expected}


def test_a_second_replay_has_the_same_bytes(messages: list[Replayed]) -> None:
    assert replayed(BASKETS, "complete_journey") == messages


def test_27_campaigns_from_their_first_to_their_last_day_in_new_york() -> None:
    found = set()
    for each in replayed(CAMPAIGNS, "complete_journey_campaigns"):
        event = parse_event(each.message.value, each.message.topic)
        assert isinstance(event, dict)
        found.add((event["plan_id"], event["name"], _moment(event["starts_at"]), _moment(event["ends_at"])))
    expected = ask(
        CAMPAIGNS,
        "select campaign_id, campaign_type, start_date::timestamp at time zone 'America/New_York', "
        "(end_date::date + 1)::timestamp at time zone 'America/New_York' from file",
    )
    assert found == set(expected)
    assert len(found) == 27


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
