"""What the shop's events say together: prices that other events explain, stock that runs out, demand that responds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

import orjson
import pytest

from batch_processing.silver import Feeds
from batch_processing.transaction_lines import EVENTS_OF_SALES, transaction_lines
from contracts import Event, check_event
from contracts.tables import EVENT_TABLES
from data_lake.sql import run_sql
from data_sources.offers import ONLINE, POS
from data_sources.promotions import Promotion
from data_sources.shop import Shop, ShopSettings
from data_sources.stores import HEAT_LIFTS_PER_C, STORES, WET_VISIT_RATIO, heat_factor
from data_sources.times import DAY_MS, HOUR_MS, ms_of
from data_sources.truth import effects_of
from tests.fixtures.counts import counts_of
from tests.fixtures.simulated_silver import silver_of

NOVEMBER, JULY = datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
DAYS = 12
SOLD = {"order_placed", "pos_transaction_completed"}


def new_shop() -> Shop:
    return Shop(ShopSettings(7, NOVEMBER, 6000 / 86400, products=120))


@cache
def trade() -> tuple[Event, ...]:
    return tuple(each.event for each in new_shop().trade(timedelta(days=DAYS)))


@cache
def of_type(*types: str) -> tuple[Event, ...]:
    return tuple(event for event in trade() if event["event_type"] in types)


@cache
def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Line(NamedTuple):
    at: datetime
    place: str
    product_id: str
    quantity: int
    unit_price: str
    category: str


def lines(*types: str) -> Iterator[Line]:
    for event in of_type(*types):
        for line in event["lines"]:
            bought = (line["product_id"], line["quantity"], line["unit_price"], line["category"])
            yield Line(time_of(event["occurred_at"]), event.get("store_id", "w-01"), *bought)


def test_the_same_seed_and_clock_give_the_same_bytes() -> None:
    again = [each.event for each in new_shop().trade(timedelta(days=2))]
    assert orjson.dumps(again) == orjson.dumps(trade()[: len(again)])


def test_every_event_keeps_its_contract_and_comes_in_order() -> None:
    times = [event["occurred_at"] for event in trade()]
    assert times == sorted(times)
    for event in trade():
        assert check_event(event) == event


def test_another_run_of_the_seed_has_the_same_prices_promotions_and_weather() -> None:
    later = Shop(ShopSettings(7, NOVEMBER + timedelta(days=5), 1.0, products=120))
    weather = {(e["occurred_at"], e["location_id"]): e["temperature_c"] for e in of_type("weather_observed")}
    plans = {e["plan_id"]: e["discount"] for e in of_type("promotion_planned")}
    seen = [each.event for each in later.trade(timedelta(hours=3))]
    again = {(e["occurred_at"], e["location_id"]): e["temperature_c"] for e in seen if "temperature_c" in e}
    assert again.items() <= weather.items()
    promotions = {e["plan_id"]: e["discount"] for e in seen if "discount" in e}
    assert promotions
    assert promotions.items() <= plans.items()


# What a product cost, told from the events alone.


def price_before_promotion(product_id: str, at: datetime) -> Decimal:
    changes = [change for change in price_changes()[product_id] if time_of(change["effective_at"]) <= at]
    if changes:
        return Decimal(max(changes, key=lambda change: time_of(change["effective_at"]))["new_price"])
    return list_prices()[product_id]


@cache
def price_changes() -> dict[str, list[Event]]:
    changes = defaultdict(list)
    for event in of_type("price_changed"):
        changes[event["product_id"]].append(event)
    return changes


@cache
def list_prices() -> dict[str, Decimal]:
    return {event["product_id"]: Decimal(event["list_price"]) for event in of_type("product_updated")}


def promotion_of(line: Line, channel: str) -> Event | None:
    def holds(plan: Event) -> bool:
        is_named = line.product_id in plan.get("product_ids", ()) or line.category == plan.get("category")
        runs = time_of(plan["starts_at"]) <= line.at < time_of(plan["ends_at"])
        return is_named and runs and channel in plan["channels"]

    holding = sorted(filter(holds, of_type("promotion_planned")), key=lambda plan: str(plan["plan_id"]))
    return max(holding, key=lambda plan: str(plan["starts_at"]), default=None)


def reduced(price: Decimal, plan: Event | None, quantity: int) -> Decimal:
    if plan is None or quantity < plan.get("bundle_quantity", 1):
        return price
    discount = Decimal(plan["discount"])
    off = discount if plan["promotion_kind"] == "amount" else price * discount / 100
    return (price - off).quantize(price)


def test_every_price_paid_is_explained_by_the_events_before_it() -> None:
    kinds: Counter[str] = Counter()
    for event_type, channel in (("order_placed", ONLINE), ("pos_transaction_completed", POS)):
        for line in lines(event_type):
            plan = promotion_of(line, channel)
            kinds[plan["promotion_kind"] if plan else "none"] += 1
            price = price_before_promotion(line.product_id, line.at)
            assert Decimal(line.unit_price) == reduced(price, plan, line.quantity), line
    assert set(kinds) == {"none", "percent", "amount", "bundle"}


def test_the_transaction_lines_say_what_each_price_came_from() -> None:
    silver = {table.name.partition(".")[2]: silver_of(trade(), table) for table in EVENT_TABLES.values()}
    sales, feeds = (
        (silver["clickstream_events"], silver["pos_events"]),
        Feeds(*(silver[name] for name in Feeds._fields)),
    )
    days = run_sql(EVENTS_OF_SALES, counts=counts_of(**silver), promotion_events=silver["promotion_events"])
    rows = transaction_lines(sales, feeds, days).to_pylist()
    plans = {plan["plan_id"]: plan for plan in of_type("promotion_planned")}
    # Master data goes round: a product has no price known before its first turn, where it was never changed.
    known = [row for row in rows if row["own_price"] is not None]
    assert len(known) > 0.7 * len(rows)
    for row in known:
        plan = plans[row["promotion_ids"][0]] if row["promotion_ids"] else None
        own_price = row["own_price"].quantize(list_prices()[row["product_id"]])
        assert row["unit_price"] == reduced(own_price, plan, row["quantity"]), row
    in_stores = [row for row in rows if row["channel"] == "pos"]
    assert all(row["occurred_at"] - row["weather_observed_at"] < timedelta(hours=1) for row in in_stores)
    assert len(in_stores) + sum(1 for _ in lines("order_placed")) == len(rows)


def stock_of_each_place() -> dict[tuple[str, str], list[tuple[str, Any]]]:
    """(place, product) → what happened to it in order, such as ("sold", 2), ("returned", 1), ("level", event)."""
    happened: dict[tuple[str, str], list[tuple[str, Any]]] = defaultdict(list)
    for event in trade():
        kind = event["event_type"]
        if kind == "stock_level_changed":
            happened[event["location_id"], event["product_id"]].append(("level", event))
        elif kind in SOLD or kind == "pos_return_completed":
            for line in event["lines"]:
                place = (event.get("store_id", "w-01"), line["product_id"])
                happened[place].append(("sold" if kind in SOLD else "returned", line["quantity"]))
    return happened


def test_stock_levels_are_what_was_there_less_what_was_sold() -> None:
    checked = 0
    for events in stock_of_each_place().values():
        expected: int | None = None
        for kind, value in events:
            if kind == "level":
                is_known = expected is not None and value["change_reason"] != "received"
                assert not is_known or value["quantity_on_hand"] == expected
                checked += is_known
                expected = value["quantity_on_hand"]
            elif expected is not None:
                expected += value if kind == "returned" else -value
    assert checked > 500


def test_what_is_out_of_stock_is_not_sold_until_there_is_some_again() -> None:
    emptied = 0
    for events in stock_of_each_place().values():
        is_empty = False
        for kind, value in events:
            assert not (is_empty and kind == "sold")
            is_empty = is_empty and kind != "returned"
            if kind == "level":
                is_empty = value["quantity_on_hand"] == 0
                emptied += is_empty
    assert emptied > 20


def units_at_tills() -> Counter[tuple[str, int]]:
    """Units sold of each product on each day."""
    units: Counter[tuple[str, int]] = Counter()
    for line in lines("pos_transaction_completed"):
        units[line.product_id, ms_of(line.at) // DAY_MS] += line.quantity
    return units


def test_demand_at_the_tills_answers_promotions_and_prices_as_stated() -> None:
    """Units on product-days with another price, over those expected of the product at its list price."""
    shop, units = new_shop(), units_at_tills()
    days = [shop.settings.start_ms // DAY_MS + day for day in range(DAYS)]
    found: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for product in shop.catalogue.products:
        # Prices change in the middle of days; only whole days of one offer count.
        offers = {day: shop.market.offers.at(product, POS, day * DAY_MS) for day in days}
        whole = {day: offer for day, offer in offers.items() if offer.until_ms - offer.from_ms == DAY_MS}
        usual = [units[product.product_id, day] for day, offer in whole.items() if offer.demand == 1]
        if len(usual) < 3:
            continue
        mean = sum(usual) / len(usual)
        for day, offer in whole.items():
            kind = "promotion" if offer.promotion else "price" if offer.demand != 1 else "usual"
            found[kind].append((units[product.product_id, day], mean, mean * offer.demand))
    ratios = {}
    for kind in ("promotion", "price"):
        sold, usual_units, stated = (sum(column) for column in zip(*found[kind], strict=True))
        ratios[kind] = (sold / usual_units, sold / stated)
    assert ratios["promotion"][0] > 1.4
    assert 0.8 < ratios["promotion"][1] < 1.1  # what is promoted runs out more often: some of it is refused
    assert ratios["price"][1] == pytest.approx(1, abs=0.15)


def test_rain_keeps_people_from_the_stores() -> None:
    observed = of_type("weather_observed")
    weather = {(event["location_id"], event["occurred_at"][:13]): event["precipitation_mm"] > 0 for event in observed}
    # A return is served where the sale was, whatever the weather there: only sales tell.
    sales = of_type("pos_transaction_completed")
    visits = Counter(weather[event["store_id"], event["occurred_at"][:13]] for event in sales)
    hours = Counter(weather.values())
    assert hours[True] > 100
    assert (visits[True] / hours[True]) / (visits[False] / hours[False]) == pytest.approx(WET_VISIT_RATIO, abs=0.08)


def test_heat_lifts_what_hot_days_call_for() -> None:
    shop = Shop(ShopSettings(7, JULY, 2000.0, products=120))  # with so much trade the stock is too full to matter
    hours = [(store_id, shop.settings.start_ms + hour * HOUR_MS) for store_id in STORES for hour in range(24 * 60)]
    store_id, hot_ms = max(hours, key=lambda hour: shop.market.weather.at(*hour).temperature_c)
    cool_ms = min(range(hot_ms - 15 * HOUR_MS, hot_ms, HOUR_MS), key=lambda ms: shop.market.weather.at(store_id, ms))
    warmest_c, coolest_c = (shop.market.weather.at(store_id, ms).temperature_c for ms in (hot_ms, cool_ms))

    def units(at_ms: int) -> Counter[str]:
        served = [step for _ in range(10_000) for step in shop._stores.serve(at_ms)]
        sales = [step.fields for step in served if "transaction_id" in step.fields and "return_id" not in step.fields]
        mine = [line for sale in sales if sale["store_id"] == store_id for line in sale["lines"]]
        return sum((Counter({line["category"]: line["quantity"]}) for line in mine), Counter())

    hot, cool = units(hot_ms), units(cool_ms)
    unheated = [category for category in cool if category not in HEAT_LIFTS_PER_C]
    visits = sum(hot[category] for category in unheated) / sum(cool[category] for category in unheated)
    factors = {c: heat_factor(c, warmest_c) / heat_factor(c, coolest_c) for c in HEAT_LIFTS_PER_C}
    assert min(factors.values()) > 1.3
    stated = sum(cool[category] * visits * factor for category, factor in factors.items())
    assert sum(hot[category] for category in factors) / stated == pytest.approx(1, abs=0.12)


def test_reviews_are_of_what_their_writers_bought_and_their_means_follow_what_products_deserve() -> None:
    bought = {
        (event["customer_id"], line["product_id"])
        for event in of_type(*SOLD)
        for line in event["lines"]
        if "customer_id" in event
    }
    reviews = of_type("review_posted")
    verified = [event for event in reviews if event["is_verified"]]
    assert len(reviews) > len(verified) > 100
    assert all((event["customer_id"], event["product_id"]) in bought for event in verified)
    deserved = effects_of(new_shop())["ratings_deserved"]
    praised = [event["rating"] for event in reviews if deserved[event["product_id"]] > 4.2]
    blamed = [event["rating"] for event in reviews if deserved[event["product_id"]] < 3.2]
    assert sum(praised) / len(praised) > sum(blamed) / len(blamed) + 0.8


def test_the_truth_states_the_effects_and_is_json() -> None:
    shop = new_shop()
    assert list(shop.trade(timedelta(days=3)))
    effects = orjson.loads(orjson.dumps(effects_of(shop)))
    assert effects["promotion_lift"] > 1 > effects["wet_visit_ratio"]
    assert effects["refused_units"] > 0
    assert set(effects["price_elasticities"]) == {p.category.partition(".")[0] for p in shop.catalogue.products}


def test_a_line_is_reduced_in_a_bundle_only() -> None:
    """The rule that explains prices above is the shop's own."""
    product = new_shop().catalogue.products[0]
    promotion = Promotion("p", "bundle", Decimal(20), product.category, frozenset(), (POS,), 0, DAY_MS)
    for quantity in (2, 3):
        told = reduced(product.list_price, promotion.fields, quantity)
        assert told == promotion.reduced(product, product.list_price, quantity)
