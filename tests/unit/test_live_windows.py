"""Windows that fall by a moved clock, copies, bounds. That counters equal the lake's: test_live_parity."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from feature_store.live.cells import PRODUCT_CELL, VISITOR_CELL, fold_product
from feature_store.live.keys import Kind, live_key
from feature_store.live.reader import PRODUCT_FEATURES, Presence
from feature_store.live.windows import WINDOWS, Window
from tests.fixtures.live_events import click
from tests.fixtures.live_store import LiveStore, counts

NOW = datetime(2026, 11, 21, 10, 17, 31, 250_000, tzinfo=UTC)
VISITOR = live_key(0, Kind.VISITOR, "v-1")


def test_a_count_falls_when_its_tile_leaves_though_nothing_arrives() -> None:
    store = LiveStore()
    store.take([click("product_viewed", "e-1", NOW, product_id="p-1")], NOW)
    seen = {}
    for window in WINDOWS:
        moments = [timedelta(seconds=s) for s in (0, window.span_s - window.tile_s, window.span_s + 1)]
        name = f"product_views_{window.name}"
        seen[window.name] = [store.read(NOW + later).visitor.values[name] for later in moments]
    assert seen == {**{window.name: [1, 1, 0] for window in WINDOWS[:-1]}, "30d": [1, 1, None]}


def test_a_copy_changes_nothing_in_the_same_batch_or_later() -> None:
    store = LiveStore()
    bought = click("order_placed", "e-1", NOW, order_id="o", lines=[line("p-1", 2, "0.1"), line("p-1", 1, "0.25")])
    store.take([bought, bought], NOW)
    store.take([bought], NOW, fold=True)
    answer = store.read(NOW, products=["p-1"])
    assert counts(answer, ["p-1"])["p-1"] == {f"orders_{w.name}": 1 for w in WINDOWS} | {
        f"units_{w.name}": 3 for w in WINDOWS
    }
    assert answer.visitor.values["revenue_1m"] == 0.45


def test_missing_expired_and_default_are_told_apart() -> None:
    store = LiveStore()
    store.take([click("product_viewed", "e-1", NOW, product_id="p-1")], NOW)
    later = NOW + timedelta(days=30, seconds=1)
    read, given_ = store.read(later, products=["p-1", "p-9"]), store.read(later, "v-9", ["p-1", "p-9"], default=0.0)
    assert read.products.presence == [Presence.EXPIRED, Presence.MISSING]
    assert (read.visitor.presence, read.session.presence) == (Presence.EXPIRED, Presence.EXPIRED)
    assert read.visitor.age == timedelta(days=30, seconds=1, microseconds=250_000)
    assert read.visitor.values["events_1m"] is None
    assert given_.products.presence == [Presence.DEFAULT, Presence.DEFAULT]
    assert given_.visitor.presence == Presence.DEFAULT
    assert given_.visitor.values["events_1m"] == 0.0
    assert not given_.products.values.any()


def test_what_is_older_than_every_window_counts_in_the_visitors_life_alone() -> None:
    store = LiveStore()
    past = [click("product_viewed", f"e-{n}", NOW - timedelta(days=31 + n), product_id="p-1") for n in range(2)]
    for _ in range(2):
        store.take(past, NOW)
    answer = store.read(NOW, products=["p-1"])
    assert (answer.visitor.presence, answer.products.presence) == (Presence.MISSING, [Presence.MISSING])
    assert (answer.life.values["event_count"], answer.life.values["session_count"]) == (2, 2)
    assert answer.session.presence == Presence.EXPIRED
    store.take([], NOW, fold=True)
    store.take(past, NOW)
    assert store.read(NOW).life == answer.life


def test_what_is_far_ahead_is_left_out() -> None:
    store = LiveStore()
    for event_id, ahead in (("e-1", timedelta(days=2)), ("e-2", timedelta(days=40_000))):
        store.take([click("page_viewed", event_id, NOW + ahead)], NOW)
    assert store.values == {}


def test_an_event_ahead_counts_when_its_time_has_come() -> None:
    store = LiveStore()
    store.take([click("page_viewed", "e-1", NOW + timedelta(hours=1))], NOW)
    assert store.read(NOW).visitor.values["events_30d"] == 0
    assert store.read(NOW + timedelta(hours=1)).visitor.values["events_1m"] == 1


def test_a_visitors_value_is_bounded_and_its_counts_stay() -> None:
    """A bot: 6,000 events in 50 minutes. Folding forgets which they were, so copies of folded ones are left out."""
    store = LiveStore()
    events = [click("page_viewed", f"e-{n}", NOW - timedelta(seconds=n / 2)) for n in reversed(range(6_000))]
    for start in range(0, 6_000, 1_000):
        store.take(events[start : start + 1_000], NOW, fold=True)
    before = store.read(NOW).visitor.values
    assert len(store.values[VISITOR]) <= 2_600 * VISITOR_CELL.itemsize
    assert [before[f"events_{window.name}"] for window in WINDOWS] == [119, 1_183, 6_000, 6_000, 6_000]
    for _ in range(2):
        store.take(events, NOW, fold=True)
        assert store.read(NOW).visitor.values == before


def test_a_products_value_is_bounded() -> None:
    store = LiveStore()
    for day in range(30):
        moments = [NOW - timedelta(days=day, seconds=n * 70) for n in range(300)]
        views = [
            click("product_viewed", f"{day}-{n}", at, f"v-{day}", product_id="p-1") for n, at in enumerate(moments)
        ]
        store.take(views, NOW, fold=True)
    store.take([], NOW, fold=True)
    assert len(store.values[live_key(0, Kind.PRODUCT, "p-1")]) < 3_000
    assert store.read(NOW, products=["p-1"]).products.values[0, PRODUCT_FEATURES.index("views_30d")] == 9_000


def test_what_is_stored_is_as_fine_as_a_new_window_in_the_next_ones_tiles() -> None:
    now_s = int(NOW.timestamp())
    cells = np.zeros(3_000, PRODUCT_CELL)
    cells["second"] = now_s - np.arange(3_000) * 29
    cells["amount"] = 1
    folded = np.frombuffer(fold_product(cells.tobytes(), now_s), PRODUCT_CELL)
    assert len(folded) < 300
    new = Window("6h", 21_600, 1_800)
    for later_s in (0, 17, 1_800, 40_000):
        first_second = new.first_second(now_s + later_s)
        within = [each["amount"][each["second"] >= first_second].sum() for each in (cells, folded)]
        assert within[0] == within[1]


def test_more_units_than_a_cell_holds() -> None:
    store = LiveStore()
    lines = [line("p-1", 1_000_000, "1")] * 5_000
    for event_id in ("e-1", "e-2"):
        store.take([click("order_placed", event_id, NOW, order_id="o", lines=lines)], NOW)
        found = counts(store.read(NOW, products=["p-1"]), ["p-1"])["p-1"]
    store.take([], NOW, fold=True)
    assert counts(store.read(NOW, products=["p-1"]), ["p-1"])["p-1"] == found
    assert (found["orders_30d"], found["units_30d"]) == (2, 1e10)


def line(product_id: str, quantity: int, unit_price: str) -> dict[str, Any]:
    return {"product_id": product_id, "quantity": quantity, "unit_price": unit_price}
