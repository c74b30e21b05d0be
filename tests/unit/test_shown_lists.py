from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from data_sources.shop import Shop, ShopSettings
from data_sources.truth import experiment_of
from experiments.assignment import variant_of
from tests.fixtures.trials import experiment

START = datetime(2026, 11, 2, tzinfo=UTC)
HALF = experiment(buckets=((0, 5000),))


def shop(**values: Any) -> Shop:
    return Shop(ShopSettings(7, START, 25.0, products=300, **values))


def lists(of: Shop) -> list[dict[str, Any]]:
    events = (trade.event for trade in of.trade(timedelta(minutes=2)))
    return [event for event in events if event["event_type"] == "recommendations_shown"]


@pytest.fixture(scope="module")
def played() -> Shop:
    return shop(experiment=HALF)


@pytest.fixture(scope="module")
def shown(played: Shop) -> list[dict[str, Any]]:
    return lists(played)


def test_visitors_of_the_experiment_get_its_variants_and_others_none(shown: list[dict[str, Any]]) -> None:
    inside = [event for event in shown if "variant" in event]
    assert len(inside) / len(shown) == pytest.approx(0.5, abs=0.15)
    assert all(event["variant"] == variant_of(event["visitor_id"], HALF).name for event in inside)
    assert all("experiment" not in event for event in shown if "variant" not in event)


def test_treatments_show_first_what_suits_and_the_control_what_the_shop_always_shows(
    played: Shop, shown: list[dict[str, Any]]
) -> None:
    personas = {visitor.visitor_id: visitor.persona for visitor in played.door.everyone()}
    products = {product.product_id: product for product in played.catalogue.products}
    is_sorted = defaultdict(list)
    for event in shown:
        persona = personas[event["visitor_id"]]
        tastes = [played.market.chooser.taste(persona, products[each]) for each in event["product_ids"]]
        is_sorted[event.get("variant")].append(tastes == sorted(tastes, reverse=True))
    assert all(is_sorted["b"])
    assert not all(is_sorted["a"])
    assert not all(is_sorted[None])


def test_the_truth_names_what_is_better(played: Shop) -> None:
    assert experiment_of(played) == {"name": "e", "better": ["b"]}
    assert experiment_of(shop()) == {}


def test_an_experiment_has_ids_of_its_own(played: Shop) -> None:
    assert played.settings.run != shop().settings.run
