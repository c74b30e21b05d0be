"""The parity watch on a small shop's lake and a real Redis: what is read online is what the lake says."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from redis import Redis

from batch_processing.batch_tables import BATCH_TABLES
from batch_processing.running import BatchRun
from contracts.clock import SystemClock
from contracts.errors import NotReadyError, ParityError
from contracts.tables import SILVER_CLICKSTREAM_EVENTS
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.features import build_online_features, build_read_log
from deployment.cli import features_parity
from deployment.settings import RedisSettings, Settings
from feature_store.definitions import BATCH_VIEWS
from feature_store.materialize import materialize
from feature_store.online import OnlineFeatures
from feature_store.read_log import SampledReader
from stream_processing.online_features import refresh_online
from stream_processing.touched_sessions import refresh_sessions
from tests.fixtures.rows import rows_of
from tests.fixtures.silver_rows import event
from tests.fixtures.small_shop import DAYS, land_silver, random_shop

IDS = {
    "visitor_features": ["x", "y", "z", "nobody"],
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
def online(settings: Settings) -> OnlineFeatures:
    """Return the online store of a shop that traded for three days, filled from gold as of the second."""
    lake, online = ArrowLake(settings.lake), build_online_features(settings)
    shop = random_shop(5)
    land_silver(lake, shop)
    events = shop.rows(SILVER_CLICKSTREAM_EVENTS)
    refresh_sessions(events, lake)
    refresh_online(events, lake, online.write)
    BatchRun(lake, lambda _: None).build_days(BATCH_TABLES, DAYS[:2])
    for view in BATCH_VIEWS:
        materialize(lake, online, view)
    return online


def read_all(settings: Settings, online: OnlineFeatures) -> None:
    reader = SampledReader(online, build_read_log(settings), 1, SystemClock(), Random(1))
    for view, ids in IDS.items():
        found = reader.read(view, ids)
        if view == "visitor_features":
            reader.read("session_features", [each["session_id"] for each in found if each])


def test_everything_read_equals_the_lake_until_a_value_is_tampered_with(
    settings: Settings, online: OnlineFeatures
) -> None:
    read_all(settings, online)
    result = CliRunner().invoke(features_parity.command)
    assert result.exit_code == 0, result.exception
    outcomes = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines()[1:-1]}
    assert outcomes.keys() == {"session_features", *IDS}
    assert outcomes["visitor_features"] == ["3", "0", "0", "0", "1"]
    assert outcomes["session_features"] == ["3", "0", "0", "0", "0"]
    assert outcomes["product_features"] == ["4", "0", "0", "0", "0"]
    assert all(int(equal) > 0 and rest == ["0", "0", "0"] for equal, *rest, _ in outcomes.values())
    assert "mismatch ratio 0.0000 of" in result.stdout

    [customer] = online.read("customer_features", ["ann"])
    assert customer is not None
    wrong = customer | {"customer_id": "ann", "revenue": customer["revenue"] + 0.01}
    online.write("customer_features", [wrong])
    read_all(settings, online)
    error = CliRunner().invoke(features_parity.command).exception
    assert isinstance(error, ParityError)
    assert "most often customer_features:revenue (1)" in str(error)
    page = (settings.data_dir / "metrics" / "feature_parity.prom").read_text()
    assert 'aisle_feature_reads_compared{outcome="different",view="customer_features"} 1.0' in page
    assert CliRunner().invoke(features_parity.command, ["--threshold", "0.5"]).exit_code == 0


def test_what_is_not_materialized_again_is_behind_and_no_mismatch(settings: Settings, online: OnlineFeatures) -> None:
    lake = ArrowLake(settings.lake)
    BatchRun(lake, lambda _: None).build_days(BATCH_TABLES, DAYS[2:])
    read_all(settings, online)
    result = CliRunner().invoke(features_parity.command)
    assert result.exit_code == 0, result.exception
    [line] = [line for line in result.stdout.splitlines() if line.startswith("product_features")]
    assert line.split()[1:] == ["0", "0", "4", "0", "0"]


def test_a_day_that_still_runs_is_no_mismatch_though_its_rows_are_of_its_end(
    settings: Settings, online: OnlineFeatures
) -> None:
    lake = ArrowLake(settings.lake)
    as_of_tables = [table for table in BATCH_TABLES if table.is_as_of]
    BatchRun(lake, lambda _: None).build_days(as_of_tables, [SystemClock().now().date()])
    for view in BATCH_VIEWS:
        materialize(lake, online, view)
    read_all(settings, online)
    result = CliRunner().invoke(features_parity.command)
    assert result.exit_code == 0, result.exception
    [line] = [line for line in result.stdout.splitlines() if line.startswith("product_features")]
    assert line.split()[1:] == ["4", "0", "0", "0", "0"]


def test_a_late_event_of_a_session_before_the_last_is_no_mismatch(settings: Settings, online: OnlineFeatures) -> None:
    read_all(settings, online)
    [before] = online.read("visitor_features", ["x"])
    assert before is not None
    at, now = before["first_seen_at"] - timedelta(days=3), SystemClock().now()
    late = rows_of(SILVER_CLICKSTREAM_EVENTS, [event("page_viewed", at, visitor_id="x", processed_at=now)])
    lake = ArrowLake(settings.lake)
    lake.append(SILVER_CLICKSTREAM_EVENTS, late)
    refresh_sessions(late, lake)
    result = CliRunner().invoke(features_parity.command)
    assert result.exit_code == 0, result.exception
    [line] = [line for line in result.stdout.splitlines() if line.startswith("visitor_features")]
    assert line.split()[1:] == ["2", "0", "1", "0", "1"]


def test_without_reads_there_is_nothing_to_compare(settings: Settings) -> None:
    assert settings.features.logged_read_ratio == 0.01
    assert isinstance(CliRunner().invoke(features_parity.command).exception, NotReadyError)
