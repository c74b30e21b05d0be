"""The parity watch on a small shop's lake and a real Redis: what is read online is what the lake says."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner
from redis import Redis

from batch_processing.batch_tables import BATCH_TABLES
from batch_processing.running import BatchRun
from contracts.clock import ManualClock, SystemClock
from contracts.errors import NotReadyError, ParityError
from contracts.tables import SILVER_CLICKSTREAM_EVENTS
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.features import build_online_features
from deployment.bootstrap.live import build_read_log
from deployment.cli import features_parity
from deployment.settings import RedisSettings, Settings
from feature_store.definitions import BATCH_VIEWS
from feature_store.live.reader import LiveFeatures
from feature_store.live.views import read_view
from feature_store.materialize import materialize
from feature_store.online import OnlineFeatures
from feature_store.read_log import LoggedRead
from feature_store.request_reader import RequestReader
from feature_store.sampled_reader import SampledReader
from tests.fixtures.live_store import fill_live
from tests.fixtures.rows import rows_of
from tests.fixtures.silver_rows import Row, event
from tests.fixtures.small_shop import DAYS, FIRST_DAY, SmallShop, land_silver, random_shop

VISITORS = ["x", "y", "z", "nobody"]
IDS = {
    "customer_features": ["ann", "bob", "cy"],
    "product_features": ["a", "b", "c", "d"],
    "category_features": ["home", "shoes"],
    "store_features": ["N", "S"],
}


@pytest.fixture
def settings(redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = Settings(data_dir=tmp_path, redis=RedisSettings(server_url=redis_url.replace("/0", "/7")))
    with Redis.from_url(settings.redis.url) as client:
        client.flushdb()
    monkeypatch.setattr(features_parity, "load_settings", lambda: settings)
    return settings


@pytest.fixture
def shop() -> SmallShop:
    return random_shop(5)


@pytest.fixture
def online(settings: Settings, shop: SmallShop) -> OnlineFeatures:
    """Return the online store of a shop that traded for three days, filled from gold as of the second."""
    lake, online = ArrowLake(settings.lake), build_online_features(settings)
    land_silver(lake, shop)
    BatchRun(lake, lambda _: None).build_days(BATCH_TABLES, DAYS[:2])
    for view in BATCH_VIEWS:
        materialize(lake, online, view)
    return online


def read_all(settings: Settings, online: OnlineFeatures, shop: SmallShop) -> None:
    """Read each visitor ten minutes after the last event, and every other entity now; keep it in the log."""
    log, now = build_read_log(settings), SystemClock().now()
    at = max(row["occurred_at"] for row in shop.clickstream) + timedelta(minutes=10)
    with Redis.from_url(settings.redis.url) as client:
        fill_live(client, map(as_event, shop.clickstream), at)
        reader = SampledReader(RequestReader(client, ManualClock(at)), log, 1, Random(1))
        for visitor_id in VISITORS:
            reader.read(visitor_id)
        counted = read_view(LiveFeatures(client, ManualClock(at)), "product_activity", IDS["product_features"])
    for product_id, (_, found) in zip(IDS["product_features"], counted, strict=True):
        assert found.age is not None
        log.append(
            [LoggedRead("product_activity", product_id, at, {**found.values, "event_timestamp": at - found.age})]
        )
    for view, ids in IDS.items():
        log.append(
            [LoggedRead(view, *each) for each in zip(ids, [now] * len(ids), online.read(view, ids), strict=True)]
        )


def as_event(row: Row) -> dict[str, Any]:
    """The event that a row of silver came from, as far as it matters here."""
    lines = [each | {"unit_price": str(each["unit_price"])} for each in row.get("lines", [])]
    known = {"lines": lines} if lines else {}
    return row | {"occurred_at": row["occurred_at"].isoformat()} | known


def test_everything_read_equals_the_lake_until_a_value_is_tampered_with(
    settings: Settings, online: OnlineFeatures, shop: SmallShop
) -> None:
    read_all(settings, online, shop)
    result = CliRunner().invoke(features_parity.command)
    assert result.exit_code == 0, result.exception
    outcomes = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()[1:-1]}
    assert outcomes.keys() == {"visitor_features", "visitor_activity", "session_features", "product_activity", *IDS}
    assert outcomes["product_activity"] == ["4", "0", "0", "0", "0"]
    assert outcomes["visitor_features"] == outcomes["visitor_activity"] == ["3", "0", "0", "0", "1"]
    assert outcomes["product_features"] == ["4", "0", "0", "0", "0"]
    assert all(int(equal) > 0 and rest == ["0", "0", "0"] for equal, *rest, _ in outcomes.values())
    assert "mismatch ratio 0.0000 of" in result.stdout

    [customer] = online.read("customer_features", ["ann"])
    assert customer is not None
    wrong = customer | {"customer_id": "ann", "revenue": customer["revenue"] + 0.01}
    online.write("customer_features", [wrong])
    read_all(settings, online, shop)
    error = CliRunner().invoke(features_parity.command).exception
    assert isinstance(error, ParityError)
    assert "most often customer_features:revenue (1)" in str(error)
    page = (settings.data_dir / "metrics" / "feature_parity.prom").read_text()
    assert 'aisle_feature_reads_compared{outcome="different",view="customer_features"} 1.0' in page
    assert CliRunner().invoke(features_parity.command, ["--threshold", "0.5"]).exit_code == 0


def test_what_is_not_materialized_again_is_behind_and_no_mismatch(
    settings: Settings, online: OnlineFeatures, shop: SmallShop
) -> None:
    lake = ArrowLake(settings.lake)
    BatchRun(lake, lambda _: None).build_days(BATCH_TABLES, DAYS[2:])
    read_all(settings, online, shop)
    result = CliRunner().invoke(features_parity.command)
    assert result.exit_code == 0, result.exception
    [line] = [line for line in result.stdout.splitlines() if line.startswith("product_features")]
    assert line.split()[1:] == ["0", "0", "4", "0", "0"]


def test_a_day_that_still_runs_is_no_mismatch_though_its_rows_are_of_its_end(
    settings: Settings, online: OnlineFeatures, shop: SmallShop
) -> None:
    lake = ArrowLake(settings.lake)
    as_of_tables = [table for table in BATCH_TABLES if table.is_as_of]
    BatchRun(lake, lambda _: None).build_days(as_of_tables, [SystemClock().now().date()])
    for view in BATCH_VIEWS:
        materialize(lake, online, view)
    read_all(settings, online, shop)
    result = CliRunner().invoke(features_parity.command)
    assert result.exit_code == 0, result.exception
    [line] = [line for line in result.stdout.splitlines() if line.startswith("product_features")]
    assert line.split()[1:] == ["4", "0", "0", "0", "0"]


def test_a_late_event_of_a_session_before_the_last_is_no_mismatch(
    settings: Settings, online: OnlineFeatures, shop: SmallShop
) -> None:
    read_all(settings, online, shop)
    at, now = FIRST_DAY - timedelta(days=3), SystemClock().now()
    late = event("page_viewed", at, visitor_id="x", processed_at=now)
    ArrowLake(settings.lake).append(SILVER_CLICKSTREAM_EVENTS, rows_of(SILVER_CLICKSTREAM_EVENTS, [late]))
    result = CliRunner().invoke(features_parity.command)
    assert result.exit_code == 0, result.exception
    [line] = [line for line in result.stdout.splitlines() if line.startswith("visitor_features")]
    assert line.split()[1:] == ["2", "0", "1", "0", "1"]


def test_without_reads_there_is_nothing_to_compare(settings: Settings) -> None:
    assert settings.features.logged_read_ratio == 0.01
    assert isinstance(CliRunner().invoke(features_parity.command).exception, NotReadyError)
