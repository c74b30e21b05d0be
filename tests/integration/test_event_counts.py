"""The kept counts of events equal counting everything, whatever happened to silver; and unchanged files stay closed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from batch_processing.event_counts import _changed_days, counted_events
from batch_processing.silver import SILVER_TABLES
from contracts.tables import (
    EVENT_TABLES,
    SILVER_CLICKSTREAM_EVENTS,
    SILVER_EVENT_COUNTS_DAILY,
    SILVER_POS_EVENTS,
    SILVER_SESSIONS,
)
from data_lake.arrow_lake import ArrowLake
from data_lake.care.optimizing import optimize
from data_lake.changed_files import Snapshot
from tests.fixtures.counts import counts_of
from tests.fixtures.silver_rows import event
from tests.fixtures.small_shop import FIRST_DAY, SmallShop, land_silver, random_shop

DAY = timedelta(days=1)


@pytest.fixture
def lake(tmp_path: Path) -> ArrowLake:
    lake = ArrowLake(str(tmp_path / "lake"))
    lake.create_missing([*SILVER_TABLES, SILVER_EVENT_COUNTS_DAILY])
    return lake


def counted(lake: ArrowLake) -> pa.Table:
    """Return the kept counts as a run has them; what it leaves for the next is the same."""
    rows = _sorted(counted_events(lake, [Snapshot.newest(lake, table) for table in SILVER_TABLES]))
    assert rows == _sorted(lake.read(SILVER_EVENT_COUNTS_DAILY))
    return rows


def counted_anew(lake: ArrowLake) -> pa.Table:
    tables = [*EVENT_TABLES.values(), SILVER_SESSIONS]
    return _sorted(counts_of(**{table.name.removeprefix("silver."): lake.read(table) for table in tables}))


def _sorted(rows: pa.Table) -> pa.Table:
    return rows.sort_by([("counted", "ascending"), ("date", "ascending")]).combine_chunks()


def _later(shop: SmallShop, days: int) -> SmallShop:
    """Return the shop's trade some days later, as other events."""
    moved = (
        [
            row | {"event_id": f"{row['event_id']}+{days}", "occurred_at": row["occurred_at"] + days * DAY}
            for row in rows
        ]
        for rows in (shop.clickstream, shop.pos, shop.feeds)
    )
    return SmallShop(*moved)


def test_counts_are_those_of_all_events_whatever_changed(lake: ArrowLake) -> None:
    landed = SmallShop([], [])
    for seed, days in enumerate((0, 1, -40, 400)):
        more = _later(random_shop(seed), days)
        land_silver(lake, more, known=landed)
        landed = SmallShop(landed.clickstream + more.clickstream, landed.pos + more.pos, landed.feeds + more.feeds)
        assert counted(lake) == counted_anew(lake)
    gone = (FIRST_DAY + DAY).isoformat()
    for table in (SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS):
        lake.open(table).delete(f"occurred_at < '{gone}'")
    assert counted(lake) == counted_anew(lake)
    for table in SILVER_TABLES:
        optimize(lake, table)
    assert counted(lake) == counted_anew(lake)


def test_a_table_made_anew_or_whose_old_files_are_gone_is_counted_from_the_start(lake: ArrowLake) -> None:
    land_silver(lake, random_shop(1))
    before = counted(lake)
    kept = lake.read(SILVER_POS_EVENTS)
    lake.overwrite(SILVER_POS_EVENTS, kept.slice(0, 0), "true")
    lake.overwrite(SILVER_POS_EVENTS, kept, "true")
    lake.open(SILVER_POS_EVENTS).vacuum(0, dry_run=False, enforce_retention_duration=False)
    assert counted(lake) == before


def test_files_without_changes_are_not_opened(lake: ArrowLake) -> None:
    land_silver(lake, SmallShop([event("product_viewed", FIRST_DAY, visitor_id="v", product_id="p")], []))
    before = counted(lake)
    for name in lake.scan(SILVER_CLICKSTREAM_EVENTS).files:
        Path(lake.path(SILVER_CLICKSTREAM_EVENTS), name).write_bytes(b"")
    assert counted(lake) == before
    later = SmallShop([event("product_viewed", FIRST_DAY + DAY, visitor_id="v", product_id="p")], [])
    lake.append(SILVER_CLICKSTREAM_EVENTS, later.clickstream_events)
    assert counted(lake).num_rows > before.num_rows


def test_rows_that_compaction_moved_are_not_counted_again(lake: ArrowLake) -> None:
    for day in range(3):
        viewed = event("product_viewed", FIRST_DAY + day * DAY, visitor_id="v", product_id="p")
        lake.append(SILVER_CLICKSTREAM_EVENTS, SmallShop([viewed], []).clickstream_events)
    before = counted(lake)
    _compact_unreadably(lake)
    assert counted(lake) == before


def _compact_unreadably(lake: ArrowLake) -> None:
    optimize(lake, SILVER_CLICKSTREAM_EVENTS)
    [compacted] = lake.scan(SILVER_CLICKSTREAM_EVENTS).files
    Path(lake.path(SILVER_CLICKSTREAM_EVENTS), compacted).write_bytes(b"")


def test_rows_that_only_lay_beside_what_changed_are_not_counted_again(lake: ArrowLake) -> None:
    seen = [event("product_viewed", FIRST_DAY + day * DAY, visitor_id="v", product_id="p") for day in range(3)]
    lake.append(SILVER_CLICKSTREAM_EVENTS, SmallShop(seen, []).clickstream_events)
    version = lake.version(SILVER_CLICKSTREAM_EVENTS)
    lake.open(SILVER_CLICKSTREAM_EVENTS).delete(f"event_id = '{seen[1]['event_id']}'")
    changed = _changed_days([Snapshot.newest(lake, SILVER_CLICKSTREAM_EVENTS)], [version])
    assert changed == {(FIRST_DAY + DAY).date()}
