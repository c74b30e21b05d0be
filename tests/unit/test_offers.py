"""Prices, promotions and the offers made of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import takewhile

import pytest

from data_sources.catalogue import Product, build_catalogue
from data_sources.competitors import COMPETITORS, Competitors
from data_sources.offers import ELASTICITIES, ONLINE, POS, PROMOTION_LIFT, Offers
from data_sources.prices import OFF_LIST_RATIO, Prices, rounded
from data_sources.promotions import Promotion, Promotions
from data_sources.randomness import random_of
from data_sources.steps import Step
from data_sources.times import DAY_MS, HOUR_MS, ms_of

START = 1_793_577_600_000  # 2026-11-02
CATALOGUE = build_catalogue(7, 200)
PRICES = Prices(7, CATALOGUE)
PROMOTIONS = Promotions(7, CATALOGUE)


def time_of(text: str) -> int:
    return ms_of(datetime.fromisoformat(text))


def changes(start_ms: int, days: int) -> list[Step]:
    end_ms = start_ms + days * DAY_MS
    return [step for [step] in takewhile(lambda steps: steps[0].at_ms < end_ms, PRICES.changes(start_ms))]


def plans(start_ms: int, days: int) -> list[Step]:
    until = takewhile(lambda steps: steps[0].at_ms < start_ms + days * DAY_MS, PROMOTIONS.plans(start_ms))
    return [step for steps in until for step in steps]


def promotion(kind: str, discount: str, product: Product) -> Promotion:
    named = frozenset({product.product_id})
    return Promotion("promo-1", kind, Decimal(discount), "", named, (ONLINE,), START, START + DAY_MS)


def test_the_changes_tell_every_price() -> None:
    told = {product.product_id: product.unit_price for product in CATALOGUE.products}
    coming = changes(START, 40)
    for hour in range(24 * 39):
        at_ms = START + hour * HOUR_MS
        while coming and time_of(coming[0].fields["effective_at"]) <= at_ms:
            change = coming.pop(0).fields
            assert change["old_price"] == told[change["product_id"]]
            told[change["product_id"]] = change["new_price"]
        if hour % 7 == 0:
            assert told == {p.product_id: str(PRICES.at(p, at_ms).amount) for p in CATALOGUE.products}


def test_changes_are_announced_before_they_hold_and_those_in_force_at_the_start() -> None:
    found = changes(START, 20)
    later = [step for step in found if step.at_ms > START]
    assert len(later) > 50
    assert all(0 < time_of(step.fields["effective_at"]) - step.at_ms <= HOUR_MS for step in later)
    assert all(time_of(step.fields["effective_at"]) <= START + HOUR_MS for step in found if step.at_ms == START)


def test_most_products_keep_their_list_price() -> None:
    off = [PRICES.at(p, START + n * 8 * DAY_MS).amount != p.list_price for p in CATALOGUE.products for n in range(20)]
    assert sum(off) / len(off) == pytest.approx(OFF_LIST_RATIO, abs=0.02)


def test_a_price_keeps_the_places_of_its_product_and_is_never_nothing() -> None:
    screw = replace(CATALOGUE.products[0], unit_price="0.0123")
    assert rounded(screw, Decimal("0.01107")) == Decimal("0.0111")
    assert rounded(screw, Decimal(-1)) == Decimal("0.0001")


@pytest.mark.parametrize(
    ("kind", "discount", "quantity", "price"),
    [
        ("percent", "20", 1, "8.00"),
        ("amount", "1.5", 1, "8.50"),
        ("bundle", "30", 2, "10.00"),
        ("bundle", "30", 3, "7.00"),
    ],
)
def test_a_promotion_reduces_by_its_kind(kind: str, discount: str, quantity: int, price: str) -> None:
    product = replace(CATALOGUE.products[0], unit_price="10.00")
    assert str(promotion(kind, discount, product).reduced(product, Decimal("10.00"), quantity)) == price


def test_promotions_are_planned_before_they_start_and_campaigns_name_them() -> None:
    planned = plans(START, 60)
    promotions = {step.fields["plan_id"]: step for step in planned if step.event_type == "promotion_planned"}
    assert {step.fields["promotion_kind"] for step in promotions.values()} == {"percent", "amount", "bundle"}
    assert all(time_of(step.fields["starts_at"]) > step.at_ms for step in promotions.values() if step.at_ms > START)
    campaigns = [step for step in planned if step.event_type == "campaign_planned"]
    assert len(campaigns) > 10
    assert all(set(step.fields["promotion_ids"]) <= promotions.keys() for step in campaigns)
    running = {each.plan_id for day in range(60) for each in PROMOTIONS.running_on(START // DAY_MS + day)}
    assert running <= promotions.keys()


def test_a_run_opens_with_what_was_planned_before_it() -> None:
    middle = START + 30 * DAY_MS + 5 * HOUR_MS
    opening = {step.fields["plan_id"] for step in plans(middle, 1) if step.at_ms == middle}
    assert {each.plan_id for each in PROMOTIONS.running_on(middle // DAY_MS)} <= opening
    assert len(opening) > 1


def test_demand_follows_price_and_promotion() -> None:
    offers = Offers(PRICES, PROMOTIONS)
    kinds = set()
    for at_ms in range(START, START + 30 * DAY_MS, 7 * HOUR_MS):
        for product in CATALOGUE.products:
            for channel in (ONLINE, POS):
                offer = offers.at(product, channel, at_ms)
                ratio = float(Decimal(offer.unit_price) / product.list_price)
                lift = PROMOTION_LIFT if offer.promotion else 1.0
                assert offer.demand == pytest.approx(lift * ratio ** -ELASTICITIES[product.category.split(".")[0]])
                assert offer.promotion == PROMOTIONS.of(product, channel, at_ms)
                assert offer.price == PRICES.at(product, at_ms)
                kinds.add(offer.promotion and offer.promotion.kind)
    assert kinds == {None, "percent", "amount", "bundle"}


def test_competitors_keep_their_level_for_a_week() -> None:
    competitors, product = Competitors(7), CATALOGUE.products[3]
    week = START // (7 * DAY_MS) * 7 * DAY_MS
    assert competitors.price("cheapo", product, week) == competitors.price("cheapo", product, week + 7 * DAY_MS - 1)
    level = [float(competitors.price("cheapo", p, START) / p.list_price) for p in CATALOGUE.products]
    assert sum(level) / len(level) == pytest.approx(COMPETITORS["cheapo"], abs=0.02)
    observed = competitors.observation(product, START, random_of(7, "test"))
    assert Decimal(observed["price"]) == competitors.price(observed["competitor"], product, START)
