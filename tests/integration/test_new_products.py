"""What the shop says of its products, over a real broker, until it can be in somebody's list."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
import orjson

from contracts import Event, Message
from contracts.topics import INVENTORY
from deployment.bootstrap.inventory_tail import InventoryTail
from deployment.settings import Settings
from ingestion.confluent_bus import ConfluentBus
from ml_modeling.baseline_recommender import fit
from ml_modeling.first_list import first_list
from ml_modeling.recommender import Recommender
from model_serving.inventory_feed import InventoryFeed
from model_serving.listing import Listing
from model_serving.shop_window import ShopWindow
from tests.fixtures.inventory_events import product_updated, stock_level_changed
from tests.fixtures.kafka import Kafka

_WITHIN_S = 60
_FLUSHED_WITHIN = timedelta(seconds=30)
KINDS = ("soft lamp", "iron pan", "board game")
LISTED = [
    product_updated(f"p-{n}", f"{KINDS[n % 3]} {n}", category=KINDS[n % 3], list_price=f"{n + 1}") for n in range(9)
]


def _publish(servers: str, *events: Event) -> None:
    bus = ConfluentBus(servers)
    for event in events:
        bus.publish(Message(INVENTORY.name, event["product_id"].encode(), orjson.dumps(event)))
    bus.flush(_FLUSHED_WITHIN)
    bus.close()


@contextmanager
def _window(settings: Settings, model: Recommender | None) -> Iterator[ShopWindow]:
    listing = Listing()
    window = ShopWindow(listing, lambda: model, first_list)
    feed = InventoryFeed(lambda: InventoryTail(settings), listing, window.refresh)
    feed.start()
    yield window
    feed.stop()


def _until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WITHIN_S
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_empty_shop_has_a_first_list_of_all_kinds_in_stock_and_no_model(kafka: Kafka) -> None:
    kafka.fresh_topics()
    _publish(kafka.servers, *LISTED, *(stock_level_changed(f"p-{n}", 0) for n in (0, 3)))
    with _window(kafka.settings, None) as window:
        _until(lambda: len(window.first(9)) == 7)
        assert {int(product.product_id[2:]) % 3 for product in window.first(3)} == {0, 1, 2}
        assert not {product.product_id for product in window.first(9)} & {"p-0", "p-3"}


def test_a_new_product_may_be_shown_as_soon_as_the_shop_says_that_it_sells_it(kafka: Kafka) -> None:
    kafka.fresh_topics()
    model = fit(np.array(["2026-01-01"], "datetime64[us]"), [[event["product_id"] for event in LISTED]])
    _publish(kafka.servers, *LISTED)
    with _window(kafka.settings, model) as window:
        _publish(kafka.servers, product_updated("p-new"))
        _until(lambda: window.newcomer(["p-1"], ()) is not None)
        newcomer = window.newcomer(["p-1"], ())
        assert newcomer is not None
        assert newcomer.product_id == "p-new"
