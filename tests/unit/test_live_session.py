"""The running session: its end, what is kept of the past, bounds. That it equals the lake's: test_live_parity."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from feature_store.live.last_seen import NOTHING_SEEN, LastSeen
from feature_store.live.reader import Presence
from tests.fixtures.live_events import click
from tests.fixtures.live_store import LiveStore

NOW = datetime(2026, 11, 21, 10, 17, 31, 250_000, tzinfo=UTC)


def test_a_session_expires_half_an_hour_after_its_last_event() -> None:
    store = LiveStore()
    store.take([click("page_viewed", "e-1", NOW)], NOW)
    moments = (timedelta(minutes=30), timedelta(minutes=30, microseconds=1))
    found = [store.read(NOW + later).session.presence for later in moments]
    assert found == [Presence.PRESENT, Presence.EXPIRED]
    assert store.read(NOW, "v-9").session.presence == Presence.MISSING


def test_sessions_of_before_yesterday_are_summed_up() -> None:
    store = LiveStore()
    days = [NOW - timedelta(days=day) for day in (5, 3, 0)]
    lines = [{"product_id": "p-1", "quantity": 1, "unit_price": "1"}]
    for number, at in enumerate(days):
        store.take([click("order_placed", f"e-{number}", at, order_id="o", lines=lines, customer_id="c-1")], NOW)
    whole, life = store.read(NOW).session.values, store.read(NOW).life.values
    store.take([], NOW, fold=True)
    assert (store.read(NOW).session.values, store.read(NOW).life.values) == (whole, life)
    assert (life["session_count"], life["order_count"], life["revenue"]) == (3, 3, 3.0)
    assert (whole["prior_session_count"], whole["prior_order_count"], whole["is_known_customer"]) == (2, 2, 1)
    assert len(store.values["live:{0}:sessions:v-1"]) < 200


def test_the_log_of_an_endless_session_is_bounded() -> None:
    store = LiveStore()
    events = [click("page_viewed", f"e-{n}", NOW - timedelta(seconds=n)) for n in range(3_000)]
    store.take(events, NOW)
    store.take([], NOW, fold=True)
    values, life = store.read(NOW).session.values, store.read(NOW).life.values
    assert (life["event_count"], life["session_count"]) == (3_000, 1)
    assert (values["event_count"], values["duration_s"], values["prior_session_count"]) == (500, 499.0, 0)


def test_the_last_session_can_be_read_when_it_is_over() -> None:
    store = LiveStore()
    store.take([click("page_viewed", "e-1", NOW - timedelta(days=3))], NOW)
    assert (store.reader(NOW).last_session("v-1") or {})["event_count"] == 1
    assert store.reader(NOW).last_session("v-9") is None


def test_the_products_of_the_last_session_stand_apart_also_when_it_is_over() -> None:
    store = LiveStore()
    seen = [("p-1", 50), ("p-2", 10), ("p-3", 9), ("p-2", 8)]
    store.take([click("product_viewed", p + str(m), NOW - timedelta(minutes=m), product_id=p) for p, m in seen], NOW)
    for later in (timedelta(0), timedelta(days=3)):
        found = store.reader(NOW + later).last_seen("v-1")
        assert found == LastSeen(["p-2", "p-3"], ["p-2", "p-3", "p-1"], timedelta(minutes=8) + later)
        assert found.all_sessions == store.read(NOW + later).life.values["recent_product_ids"]
    assert store.reader(NOW).last_seen("v-9") == NOTHING_SEEN


def test_sums_of_any_size_can_be_kept() -> None:
    store = LiveStore()
    line = {"product_id": "p-1", "quantity": 1_000_000, "unit_price": "9" * 14}
    lines = [line] * 5_000
    for number, day in enumerate((3, 0)):
        at = NOW - timedelta(days=day)
        store.take([click("order_placed", f"e-{number}", at, order_id="o", lines=lines)], NOW, fold=True)
    store.take([], NOW, fold=True)
    assert store.read(NOW).life.values["revenue"] == pytest.approx(2 * 5e9 * 1e14)
