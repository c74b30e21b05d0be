from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import OnlineStoreUnavailableError, UnknownNameError
from deployment.bootstrap.features import build_online_features
from deployment.settings import RedisSettings, Settings
from feature_store.definitions import view_named
from feature_store.online import OnlineFeatures

NOON = datetime(2026, 11, 21, 12, 0, 0, 123457, tzinfo=UTC)


@pytest.fixture
def online(redis_url: str, tmp_path: Path) -> OnlineFeatures:
    return build_online_features(Settings(data_dir=tmp_path, redis=RedisSettings(server_url=redis_url)))


def customer(customer_id: str, **changes: Any) -> dict[str, Any]:
    row = dict.fromkeys(feature.name for feature in view_named("customer_features").features)
    row |= {"customer_id": customer_id, "event_timestamp": NOON, "order_count": 9, "revenue": Decimal("12.30")}
    row |= {"favourite_category": "shoes", "last_order_at": NOON - timedelta(days=3)}
    return row | changes


def test_read_returns_what_was_written_as_plain_values(online: OnlineFeatures) -> None:
    assert online.write("customer_features", [customer("plain")]) == 1
    [features] = online.read("customer_features", ["plain"])
    expected = customer("plain", revenue=12.3, last_order_at=(NOON - timedelta(days=3)).replace(microsecond=0))
    del expected["customer_id"]
    assert features == expected


def test_read_keeps_the_order_and_marks_the_unknown(online: OnlineFeatures) -> None:
    online.write("customer_features", [customer("order-a", order_count=1), customer("order-b", order_count=2)])
    found = online.read("customer_features", ["order-b", "order-nobody", "order-a"])
    assert [row and row["order_count"] for row in found] == [2, None, 1]
    assert found[1] is None


def test_a_correction_at_the_same_time_is_written(online: OnlineFeatures) -> None:
    online.write("customer_features", [customer("late", order_count=9)])
    assert online.write("customer_features", [customer("late", order_count=10)]) == 1
    [features] = online.read("customer_features", ["late"])
    assert features is not None
    assert features["order_count"] == 10


def test_an_older_row_never_replaces_a_newer(online: OnlineFeatures) -> None:
    newer, older = customer("stale", order_count=9), customer("stale", order_count=8)
    older["event_timestamp"] = NOON - timedelta(microseconds=1)
    online.write("customer_features", [newer])
    assert online.write("customer_features", [older]) == 0
    [features] = online.read("customer_features", ["stale"])
    assert features is not None
    assert features["order_count"] == 9


def test_views_do_not_mix(online: OnlineFeatures) -> None:
    online.write("customer_features", [customer("mixed")])
    assert online.read("product_features", ["mixed"]) == [None]


def test_no_ids_and_no_rows_are_fine(online: OnlineFeatures) -> None:
    assert online.read("customer_features", []) == []
    assert online.write("customer_features", []) == 0


def test_a_row_without_a_feature_is_refused(online: OnlineFeatures) -> None:
    row = customer("thin")
    del row["order_count"]
    with pytest.raises(KeyError, match="order_count"):
        online.write("customer_features", [row])


def test_a_time_without_a_zone_is_refused(online: OnlineFeatures) -> None:
    row = customer("naive", event_timestamp=NOON.replace(tzinfo=None))
    with pytest.raises(ValueError, match="has no zone"):
        online.write("customer_features", [row])


def test_an_unknown_view_names_the_views(online: OnlineFeatures) -> None:
    with pytest.raises(UnknownNameError, match=r"'visitors'.*visitor_features"):
        online.read("visitors", ["v"])


def test_a_dead_redis_is_named_without_its_password(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"redis://:secret@127.0.0.1:{port}/0"
    online = build_online_features(Settings(data_dir=tmp_path, redis=RedisSettings(server_url=url)))
    with pytest.raises(OnlineStoreUnavailableError, match=rf"redis://127\.0\.0\.1:{port}/0") as caught:
        online.read("customer_features", ["v"])
    assert "secret" not in str(caught.value)
