"""Feast over a real Redis and real Delta tables: what is read online equals what is computed offline."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from feast import FeatureStore
from redis import Redis

from contracts.errors import UserError
from contracts.tables import (
    GOLD_CATEGORY_FEATURES,
    GOLD_CUSTOMER_FEATURES,
    GOLD_PRODUCT_FEATURES,
    GOLD_SESSION_TRAINING_ROWS,
    GOLD_STORE_FEATURES,
    GOLD_VISITOR_FEATURES,
    SESSION_FEATURE_NAMES,
)
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.features import build_feature_store, build_online_features
from deployment.cli import features
from deployment.settings import PROJECT_ROOT, RedisSettings, Settings
from feature_store.definitions import (
    BATCH_VIEWS,
    CUSTOMER_FEATURES,
    PRODUCT_FEATURES,
    SESSION_FEATURES,
    VIEWS,
    VISITOR_FEATURES,
)
from feature_store.materialize import materialize
from feature_store.offline import latest_features
from feature_store.online import OnlineFeatures
from feature_store.repository import apply_definitions
from feature_store.services import SERVICES
from tests.fixtures.gold_rows import land
from tests.fixtures.live_events import click
from tests.fixtures.live_store import fill_live

NOON = datetime(2026, 11, 20, 12, 0, 0, 123457, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
DAY = timedelta(days=1)
_REVENUE = 1234567890123.45


@pytest.fixture
def settings(redis_url: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, redis=RedisSettings(server_url=redis_url))


@pytest.fixture
def lake(settings: Settings) -> ArrowLake:
    folder = Path(settings.lake)
    land(folder, GOLD_VISITOR_FEATURES, [visitor("golden")])
    land(folder, GOLD_SESSION_TRAINING_ROWS, [session(1, NOON), session(2, NOON), session(3, NOON)])
    land(folder, GOLD_CUSTOMER_FEATURES, [customer(MIDNIGHT - DAY, "1.10"), customer(MIDNIGHT, str(_REVENUE))])
    price = {"unit_price": Decimal("9.99"), "list_price": Decimal(12), "category_mean_price": 6.0}
    land(folder, GOLD_PRODUCT_FEATURES, [{"product_id": "golden-p", "as_of": MIDNIGHT} | price])
    land(folder, GOLD_CATEGORY_FEATURES, [{"category_id": "golden-k", "as_of": MIDNIGHT, "views_7d": 3}])
    land(folder, GOLD_STORE_FEATURES, [{"store_id": "golden-n", "as_of": MIDNIGHT, "sales_7d": 2}])
    return ArrowLake(settings.lake)


@pytest.fixture
def online(settings: Settings) -> OnlineFeatures:
    return build_online_features(settings)


@pytest.fixture
def store(settings: Settings) -> FeatureStore:
    store = build_feature_store(settings)
    apply_definitions(store)
    return store


def visitor(visitor_id: str) -> dict[str, Any]:
    counts = {"session_count": 2, "event_count": 9, "product_view_count": 4, "cart_add_count": 1, "order_count": 1}
    texts = {"customer_id": None, "session_id": "s-2", "recent_product_ids": ["p-2", "p-1"]}
    times = {"occurred_at": NOON, "first_seen_at": NOON - DAY}
    return {"visitor_id": visitor_id, "revenue": Decimal("1234567890123.45")} | counts | texts | times


def session(event_number: int, occurred_at: datetime) -> dict[str, Any]:
    features = dict.fromkeys(SESSION_FEATURE_NAMES, event_number) | {"max_viewed_price": None}
    key = {"session_id": "golden-s", "event_number": event_number}
    return {**key, "visitor_id": "golden", "occurred_at": occurred_at} | features


def customer(as_of: datetime, revenue: str) -> dict[str, Any]:
    values = {"revenue": Decimal(revenue), "order_count": 1, "last_order_at": as_of - DAY}
    return {"customer_id": "golden-c", "as_of": as_of} | values


def offline_row(store: FeatureStore, view: str, key: str, entity_id: str, at: datetime) -> dict[str, Any]:
    names = [f"{view}:{feature.name}" for feature in store.get_feature_view(view).features]
    asked = pd.DataFrame({key: [entity_id], "event_timestamp": [at]})
    [row] = store.get_historical_features(entity_df=asked, features=names).to_arrow().to_pylist()
    return {name: value for name, value in row.items() if name not in {key, "event_timestamp"}}


def test_online_equals_offline_for_golden_entities(
    lake: ArrowLake, online: OnlineFeatures, store: FeatureStore
) -> None:
    golden = {"customer": "golden-c", "product": "golden-p", "category": "golden-k", "store": "golden-n"}
    for view in BATCH_VIEWS:
        [key] = view.join_keys
        entity_id = golden[view.entities[0]]
        materialize(lake, online, view)
        [found] = online.read(view.name, [entity_id])
        assert found is not None
        at = found.pop("event_timestamp")
        assert found == offline_row(store, view.name, key, entity_id, at)


def test_online_values_are_those_of_the_lake(lake: ArrowLake, online: OnlineFeatures) -> None:
    assert materialize(lake, online, CUSTOMER_FEATURES) == 1
    [found] = online.read("customer_features", ["golden-c"])
    assert found is not None
    known = {name: value for name, value in found.items() if value is not None}
    assert known == {
        "event_timestamp": MIDNIGHT,
        "revenue": _REVENUE,
        "order_count": 1,
        "last_order_at": (MIDNIGHT - DAY).replace(microsecond=0),
    }


def test_the_last_event_of_one_instant_is_the_latest(lake: ArrowLake) -> None:
    assert latest_features(lake, SESSION_FEATURES)["event_count"].to_pylist() == [3]


def test_feasts_own_sdk_reads_live_views_as_of_now(settings: Settings, store: FeatureStore) -> None:
    now = datetime.now(UTC)
    viewed = [click("product_viewed", f"e-{n}", now - timedelta(hours=n), "v-sdk", product_id="p-sdk") for n in (0, 2)]
    with Redis.from_url(settings.redis.url) as client:
        fill_live(client, viewed, now)
    asked = {"visitor_id": ["v-sdk", "nobody"], "product_id": ["p-sdk", "p-sdk"]}
    names = ["visitor_features:event_count", "session_features:product_view_count", "product_activity:views_1h"]
    found = store.get_online_features([*names, "visitor_activity:events_24h"], asked).to_dict()
    assert {name: found[name] for name in ("event_count", "product_view_count", "views_1h", "events_24h")} == {
        "event_count": [2, None],
        "product_view_count": [1, None],
        "views_1h": [1.0, 1.0],
        "events_24h": [2.0, None],
    }


def test_get_says_what_is_expired_and_what_is_missing(
    lake: ArrowLake, online: OnlineFeatures, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"product_id": "expired", "as_of": datetime(2019, 10, 1, tzinfo=UTC), "views_30d": 7}
    land(Path(lake.uri), GOLD_PRODUCT_FEATURES, [row])
    materialize(lake, online, PRODUCT_FEATURES)
    monkeypatch.setattr(features, "load_settings", lambda: settings)
    shown = CliRunner().invoke(features.command, ["get", "product_features", "expired", "nobody"])
    found = json.loads(shown.stdout)
    assert [found[each]["presence"] for each in ("expired", "nobody")] == ["expired", "missing"]
    assert found["expired"]["values"]["views_30d"] == 7
    assert "product_features has no features of 'nobody'" in shown.stderr


def test_nothing_but_the_live_path_writes_live_views(lake: ArrowLake, online: OnlineFeatures) -> None:
    with pytest.raises(UserError, match="visitor_features is live: only `aisle features live` writes it"):
        materialize(lake, online, VISITOR_FEATURES)


def test_the_latest_value_is_materialized_whatever_its_age(lake: ArrowLake, online: OnlineFeatures) -> None:
    land(Path(lake.uri), GOLD_PRODUCT_FEATURES, [{"product_id": "old", "as_of": datetime(2019, 10, 1, tzinfo=UTC)}])
    row = {"product_id": "old", "as_of": datetime(2019, 11, 1, tzinfo=UTC), "views_30d": 7}
    land(Path(lake.uri), GOLD_PRODUCT_FEATURES, [row])
    assert materialize(lake, online, PRODUCT_FEATURES) == 2
    [found] = online.read("product_features", ["old"])
    assert found is not None
    assert found["views_30d"] == 7


def test_entity_rows_stay_with_nulls_and_the_future_is_never_used(lake: ArrowLake, store: FeatureStore) -> None:
    assert lake.exists(GOLD_CUSTOMER_FEATURES)
    moment, ttl = timedelta(microseconds=1), CUSTOMER_FEATURES.ttl
    assert ttl is not None
    times = [MIDNIGHT - DAY - moment, MIDNIGHT - moment, MIDNIGHT, MIDNIGHT + ttl, MIDNIGHT + ttl + moment]
    asked = pd.DataFrame({"customer_id": ["golden-c"] * 5 + ["nobody"], "event_timestamp": [*times, MIDNIGHT]})
    asked["label"] = range(6)
    job = store.get_historical_features(entity_df=asked, features=["customer_features:revenue"])
    found = job.to_arrow()
    assert found["label"].to_pylist() == list(range(6))
    assert found["revenue"].to_pylist() == [None, 1.1, _REVENUE, _REVENUE, None, None]
    assert len(job.to_df()) == 6


def test_apply_twice_changes_nothing(store: FeatureStore) -> None:
    before = _registered(store)
    apply_definitions(store)
    views = sorted(view.name for view in store.list_feature_views())
    assert views == sorted(view.name for view in VIEWS)
    assert _registered(store) == before
    assert {service.name for service in store.list_feature_services()} == {service.name for service in SERVICES}


def _registered(store: FeatureStore) -> list[str]:
    """What the registry holds, but for when it was written."""
    lines = str(store.registry.proto()).splitlines()
    return sorted(line for line in lines if not re.search("seconds:|nanos:|version_id:", line))


def test_feasts_own_sdk_reads_what_we_wrote(lake: ArrowLake, online: OnlineFeatures, store: FeatureStore) -> None:
    materialize(lake, online, CUSTOMER_FEATURES)
    found = store.get_online_features(
        features=["customer_features:revenue"], entity_rows=[{"customer_id": "golden-c"}, {"customer_id": "nobody"}]
    ).to_dict()
    assert found["revenue"] == [_REVENUE, None]


def test_features_of_the_request_are_the_same_online_and_offline(
    lake: ArrowLake, online: OnlineFeatures, store: FeatureStore
) -> None:
    for view in (CUSTOMER_FEATURES, PRODUCT_FEATURES):
        materialize(lake, online, view)
    service = store.get_feature_service("recommender_v2")
    asked: dict[str, list[Any]] = {"customer_id": ["golden-c"], "product_id": ["golden-p"], "offered_price": [9.0]}
    requested_at = MIDNIGHT + timedelta(hours=12)
    found = store.get_online_features(
        service, entity_rows=asked | {"requested_at": [requested_at]}, full_feature_names=True
    ).to_dict()
    expected = {
        "customer_recency__days_since_order": 1.5,
        "offer_position__offer_category_price_ratio": 1.5,
        "offer_position__offer_discount_ratio": 0.25,
        "customer_features__order_count": 1,
    }
    assert {name: found[name] for name in expected} == {name: [value] for name, value in expected.items()}
    entities = pd.DataFrame(asked | {"requested_at": [requested_at], "event_timestamp": [requested_at]})
    [row] = store.get_historical_features(entities, service, full_feature_names=True).to_arrow().to_pylist()
    assert {name: row[name] for name in expected} == expected


def test_feasts_own_materialize_agrees(lake: ArrowLake, online: OnlineFeatures, store: FeatureStore) -> None:
    assert lake.exists(GOLD_SESSION_TRAINING_ROWS)
    store.materialize(NOON - DAY, NOON + DAY, feature_views=["customer_features"], disable_event_timestamp=False)
    [found] = online.read("customer_features", ["golden-c"])
    assert found is not None
    assert found["revenue"] == _REVENUE
    assert found["event_timestamp"] == MIDNIGHT


def test_importing_features_leaves_prometheus_as_it_is() -> None:
    program = "import deployment.bootstrap.features, prometheus_client.values as v; print(v.ValueClass.__name__)"
    # Feast sets a variable in this process, too: the program must not inherit it.
    shown = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, check=True, cwd=PROJECT_ROOT, env={}
    )
    assert shown.stdout.decode().strip() == "MutexValue"
