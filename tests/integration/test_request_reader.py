"""Live views and rows of batch in one round trip, from a real Redis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis import Redis

from contracts import ManualClock
from contracts.errors import OnlineStoreUnavailableError
from deployment.bootstrap.features import build_online_features
from deployment.bootstrap.live import build_product_reader
from deployment.settings import RedisSettings, Settings
from feature_store.definitions import view_named
from feature_store.live.reader import Presence
from feature_store.request_reader import RequestReader
from model_serving.product_facts import FACTS
from tests.fixtures.live_events import click
from tests.fixtures.live_store import fill_live

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def write(settings: Settings, view: str, key: str, entity_id: str, **known: object) -> None:
    row = dict.fromkeys(feature.name for feature in view_named(view).features)
    online = build_online_features(settings)
    online.write(view, [row | known | {key: entity_id, "event_timestamp": NOW - timedelta(hours=12)}])


def commands(client: Redis) -> int:
    return int(client.info("commandstats").get("cmdstat_mget", {"calls": 0})["calls"])  # type: ignore[union-attr]


def test_one_read_has_visitor_session_products_and_customer(redis_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, redis=RedisSettings(server_url=redis_url))
    write(settings, "customer_features", "customer_id", "c-req", order_count=7, favourite_category="shoes")
    write(settings, "product_features", "product_id", "p-req", unit_price=9.99, is_active=True)
    viewed = click("product_viewed", "e-req", NOW, "v-req", product_id="p-req", customer_id="c-req")
    with Redis.from_url(redis_url) as client:
        fill_live(client, [viewed], NOW)
        before = commands(client)
        found = RequestReader(client, ManualClock(NOW)).read("v-req", ["p-req", "p-none"], "c-req")
        assert commands(client) == before + 1
        later = RequestReader(client, ManualClock(NOW + timedelta(days=61))).read("v-req", ["p-req"], "c-req")
    assert found.customer
    assert (found.customer.values["order_count"], found.customer.values["favourite_category"]) == (7, "shoes")
    assert found.customer.age == timedelta(hours=12)
    assert [each.presence for each in found.products] == [Presence.PRESENT, Presence.MISSING]
    assert (found.products[0].values["unit_price"], found.products[0].values["is_active"]) == (9.99, True)
    assert found.products[0].values["views_7d"] is None
    assert found.live.life.values["customer_id"] == "c-req"
    assert found.live.session.values["product_view_count"] == 1
    assert found.live.products.presence == [Presence.PRESENT, Presence.MISSING]
    assert later.customer
    assert (later.products[0].presence, later.customer.presence) == (Presence.EXPIRED, Presence.PRESENT)


def test_facts_of_products_are_what_feast_has_written_whatever_their_age(redis_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, redis=RedisSettings(server_url=redis_url))
    facts = dict(zip(FACTS, ("acme", "shoes", 19.5, -2, False), strict=True))
    write(settings, "product_features", "product_id", "p-fact", **facts)
    [written] = build_online_features(settings).read("product_features", ["p-fact"])
    assert written is not None
    known, nothing = build_product_reader(settings, FACTS).read(["p-fact", "p-none"])
    assert known == {name: written[name] for name in FACTS} == facts
    assert nothing == dict.fromkeys(FACTS)


def test_a_dead_redis_is_one_clear_error() -> None:
    with (
        Redis.from_url("redis://127.0.0.1:1/0") as client,
        pytest.raises(OnlineStoreUnavailableError, match="online store does not answer"),
    ):
        RequestReader(client, ManualClock(NOW)).read("v")
