"""``aisle lake expire``: what is older than the policy allows goes, a whole day at a time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from batch_processing.batch_tables import BATCH_TABLES
from batch_processing.running import BatchRun, Built
from contracts.errors import InvalidSettingError, UnknownNameError
from contracts.tables import GOLD_PRODUCT_DAILY, SILVER_CLICKSTREAM_EVENTS, TABLES
from data_lake.arrow_lake import ArrowLake
from data_lake.care import retention
from data_lake.care.retention import Rule, expire, kept_since, load_policy
from deployment.cli import lake as lake_command
from deployment.settings import Settings
from tests.fixtures.rows import rows_of
from tests.fixtures.silver_rows import event

TODAY = date(2026, 11, 21)
MIDNIGHT = datetime(2026, 11, 19, tzinfo=UTC)
TWO_DAYS = Rule(SILVER_CLICKSTREAM_EVENTS, 2, "occurred_at")
SECOND = timedelta(seconds=1)


@pytest.fixture
def lake(tmp_path: Path) -> ArrowLake:
    """Views of a second before the midnight of two days ago, and of that midnight and two seconds after."""
    lake = ArrowLake(str(tmp_path / "lake"))
    lake.create_missing()
    times = [MIDNIGHT + number * SECOND for number in (-1, 0, 2)]
    events = [event("product_viewed", at, visitor_id="v", product_id="p") for at in times]
    lake.append(SILVER_CLICKSTREAM_EVENTS, rows_of(SILVER_CLICKSTREAM_EVENTS, events))
    return lake


def test_older_rows_go_and_a_second_run_finds_none(lake: ArrowLake) -> None:
    planned = expire(lake, TWO_DAYS, TODAY, dry_run=True)
    assert (planned.rows, planned.kept_from, lake.count(SILVER_CLICKSTREAM_EVENTS)) == (1, MIDNIGHT, 3)
    assert expire(lake, TWO_DAYS, TODAY, dry_run=False) == planned
    left = lake.read(SILVER_CLICKSTREAM_EVENTS, ["occurred_at"])["occurred_at"].to_pylist()
    assert sorted(left) == [MIDNIGHT, MIDNIGHT + 2 * SECOND]
    version = lake.version(SILVER_CLICKSTREAM_EVENTS)
    assert expire(lake, TWO_DAYS, TODAY, dry_run=False).rows == 0
    assert lake.version(SILVER_CLICKSTREAM_EVENTS) == version


def test_gold_keeps_what_expired_from_silver(lake: ArrowLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "load_policy", lambda: {SILVER_CLICKSTREAM_EVENTS.name: TWO_DAYS})
    built: list[Built] = []
    [product_daily] = (table for table in BATCH_TABLES if table.contract == GOLD_PRODUCT_DAILY)

    def build_stale() -> list[tuple[date, int]]:
        BatchRun(lake, built.append).build_stale([product_daily], TODAY)
        rows = lake.read(GOLD_PRODUCT_DAILY, ["date", "views"]).to_pylist()
        return sorted((row["date"], row["views"]) for row in rows)

    before = build_stale()
    assert before == [(date(2026, 11, 18), 1), (date(2026, 11, 19), 2)]
    expire(lake, TWO_DAYS, TODAY, dry_run=False)
    assert build_stale() == before
    assert len(built) == 1


def test_the_policy_names_what_there_is_and_keeps_silver_as_long_as_what_is_made_of_it() -> None:
    policy = load_policy()
    assert set(policy) < {table.name for table in TABLES}
    silver = policy["silver.clickstream_events"].days
    derived = [name for name in policy if name.startswith("gold") or name.endswith(("sessions", "visitors", "lines"))]
    assert {policy[name].days for name in derived} == {silver}
    assert kept_since(SILVER_CLICKSTREAM_EVENTS, TODAY) == TODAY - timedelta(days=silver)
    assert kept_since(GOLD_PRODUCT_DAILY, TODAY) == date.min


@pytest.mark.parametrize(
    "entry",
    [
        "{days: 0, by: ended_at}",
        "{days: 1.5, by: ended_at}",
        "{days: 9}",
        "{days: 9, by: revenue}",
        "9",
        "{days: 9, by: ended_at, x: 1}",
    ],
)
def test_an_entry_that_cannot_be_is_named(tmp_path: Path, entry: str) -> None:
    policy = tmp_path / "retention.yaml"
    policy.write_text(f"silver.sessions: {entry}\n")
    with pytest.raises(
        InvalidSettingError,
        match=r"^retention of silver\.sessions is .*: expected days .* by \(started_at or ended_at\)$",
    ):
        load_policy(policy)
    policy.write_text("silver.session: {days: 9, by: ended_at}\n")
    with pytest.raises(UnknownNameError, match=r"unknown table 'silver\.session'"):
        load_policy(policy.rename(tmp_path / "other.yaml"))


def test_the_command_says_what_went(lake: ArrowLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_command, "load_settings", lambda: Settings(lake_uri=lake.uri))
    monkeypatch.setattr(
        lake_command,
        "load_policy",
        lambda: {SILVER_CLICKSTREAM_EVENTS.name: Rule(SILVER_CLICKSTREAM_EVENTS, 1, "occurred_at")},
    )
    dry = CliRunner().invoke(lake_command.command, ["expire", "--dry-run"]).stdout
    assert dry.startswith("silver.clickstream_events: ")
    assert "rows before 20" in dry
    assert dry.endswith("would be deleted\n")
    unknown = CliRunner().invoke(lake_command.command, ["expire", "gold.product_daily"])
    assert str(unknown.exception) == "gold.product_daily has no retention: it keeps all its rows"
