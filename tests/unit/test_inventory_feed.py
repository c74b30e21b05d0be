from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import orjson
import pytest

from contracts import Event
from model_serving.inventory_feed import InventoryFeed
from model_serving.listing import Listing
from tests.fixtures.inventory_events import product_updated
from tests.fixtures.serving import FakeInventory


@contextmanager
def _following(source: FakeInventory, listing: Listing, caught_up: Callable[[], None]) -> Iterator[None]:
    feed = InventoryFeed(lambda: source, listing, caught_up)
    feed.start()
    yield
    feed.stop()


def _until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def _bytes(*events: Event) -> list[bytes]:
    return [orjson.dumps(event) for event in events]


def test_valid_events_are_taken_and_the_others_passed_over() -> None:
    source, listing = FakeInventory(), Listing()
    bad = product_updated("p-2") | {"list_price": "dear"}
    source.waiting.put([b"", b"{", *_bytes(bad), *_bytes(product_updated("p-1"))])
    with _following(source, listing, lambda: None):
        _until(lambda: list(listing.available) == ["p-1"])
    assert source.is_closed


def test_it_says_so_when_nothing_waits_any_more() -> None:
    source, listing = FakeInventory(), Listing()
    listed: list[int] = []
    for first in range(0, 3_000, 1_000):
        source.waiting.put(_bytes(*(product_updated(f"p-{number}") for number in range(first, first + 1_000))))
    with _following(source, listing, lambda: listed.append(len(listing.available))):
        _until(lambda: bool(listed))
    assert listed[0] == 3_000


def test_an_error_does_not_end_it(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_serving.inventory_feed._REST_S", 0.01)
    source, listing, calls = FakeInventory(), Listing(), []

    def caught_up() -> None:
        calls.append(len(listing.available))
        if len(calls) == 1:
            msg = "broken"
            raise RuntimeError(msg)

    with caplog.at_level(logging.ERROR), _following(source, listing, caught_up):
        _until(lambda: len(calls) == 1)
        source.waiting.put(_bytes(product_updated("p-1")))
        _until(lambda: 1 in calls)
    assert "was not taken over" in caplog.text
