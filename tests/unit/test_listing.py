from __future__ import annotations

from contracts import Event
from ml_modeling.recommending.product_facts import ProductFacts
from model_serving.listing import Listing
from tests.fixtures.inventory_events import product_updated, stock_level_changed

LATER = "2026-11-21T10:15:31+00:00"


def _listing(*events: Event) -> Listing:
    listing = Listing()
    for event in events:
        listing.take(event)
    return listing


def test_what_is_sold_is_listed_in_the_order_it_came() -> None:
    listing = _listing(product_updated("p-2", brand="acme"), product_updated("p-1"), product_updated("p-2"))
    assert list(listing.available) == ["p-2", "p-1"]
    assert listing.facts("p-1") == ProductFacts("acme soft lamp", "home.lighting", None, 10.0)
    assert listing.facts("p-9") is None


def test_the_newest_event_counts_in_whatever_order_they_come() -> None:
    new, old = product_updated("p-1", "new", LATER), product_updated("p-1", "old")
    for events in ([new, old], [old, new]):
        facts = _listing(*events).facts("p-1")
        assert facts is not None
        assert facts.name == "new"
    gone, here = product_updated("p-1", at=LATER, is_active=False), product_updated("p-1")
    assert _listing(gone, here).available == {}


def test_what_has_no_stock_anywhere_is_not_listed() -> None:
    listing = _listing(product_updated("p-1"), stock_level_changed("p-1", 0))
    assert listing.available == {}
    listing.take(stock_level_changed("p-1", 2, "w-2"))
    assert list(listing.available) == ["p-1"]
    listing.take(stock_level_changed("p-1", 0, "w-2", LATER))
    listing.take(stock_level_changed("p-1", 5, "w-2"))
    assert listing.available == {}
    assert _listing(stock_level_changed("p-3", 4)).available == {}


def test_it_says_once_that_something_changed() -> None:
    listing = _listing(product_updated("p-1"))
    assert [listing.take_change(), listing.take_change()] == [True, False]
    listing.take(product_updated("p-1", at=LATER))
    listing.take(stock_level_changed("p-1", 3))
    assert not listing.take_change()
    listing.take(stock_level_changed("p-1", 0))
    assert listing.take_change()
