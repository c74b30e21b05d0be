"""``aisle features backfill`` with a real Kafka, Redis and lake: the past comes in while the stream goes on."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from contracts.errors import NotReadyError
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.backfill import build_backfill
from deployment.local_stack.services import aisle_executable
from deployment.settings import child_environment
from feature_store.live.cells import PRODUCT_CELL, VISITOR_CELL
from feature_store.live.keys import Kind
from feature_store.live.windows import LONGEST
from tests.fixtures.kafka import Kafka
from tests.fixtures.live_path import LivePath, assert_counters_exact, publish, trade
from tests.fixtures.silver_of_topic import SilverOfTopic

_COARSE = np.uint32(LONGEST.tile_s)
_REVENUE, _UNITS = 4, 3


@pytest.fixture
def path(kafka: Kafka, tmp_path: Path) -> Iterator[LivePath]:
    kafka.fresh_topics()
    live = LivePath(kafka, tmp_path)
    live.start_redis()
    live.start("a")
    yield live
    live.close()


@pytest.fixture
def silver(path: LivePath) -> SilverOfTopic:
    return SilverOfTopic(path.kafka.servers, ArrowLake(path.settings.lake))


def as_if_defined_since(path: LivePath) -> None:
    """Leave of the values what a definition without revenue and units, and with the longest window only, would have."""
    for kind, cell, missing in ((Kind.VISITOR, VISITOR_CELL, _REVENUE), (Kind.PRODUCT, PRODUCT_CELL, _UNITS)):
        for key in path.client.keys(f"live:*:{kind.value}:*"):  # type: ignore[union-attr]
            cells = np.frombuffer(path.client.get(key), cell)  # type: ignore[arg-type]
            cells = cells[cells["measure"] != missing]
            cells["second"] -= cells["second"] % _COARSE
            path.client.set(key, cells.tobytes(), keepttl=True)


def test_what_comes_between_the_look_and_the_write_counts_once(path: LivePath, silver: SilverOfTopic) -> None:
    events = trade(5, 1_000)
    publish(path.kafka.servers, events[:700])
    path.until_taken()
    silver.land()
    as_if_defined_since(path)
    with pytest.raises(AssertionError):
        assert_counters_exact(path, events[:700])
    backfill = build_backfill(path.settings)
    later = iter([events[start : start + 50] for start in range(700, len(events), 50)])

    def landed_after_more() -> Mapping[int, int]:
        publish(path.kafka.servers, next(later, []))
        path.until_taken()
        silver.land()
        return backfill.landed()

    for kind in Kind.VISITOR, Kind.PRODUCT:
        assert list(replace(backfill, landed=landed_after_more).run(kind))[-1] == 1
    assert next(later, None) is None
    assert_counters_exact(path, events)


def test_stopped_in_the_middle_and_run_again_it_is_exact(path: LivePath, silver: SilverOfTopic) -> None:
    events = trade(6, 1_500)
    publish(path.kafka.servers, events)
    path.until_taken()
    silver.land()
    as_if_defined_since(path)
    for kind in Kind.VISITOR, Kind.PRODUCT:
        assert next(build_backfill(path.settings).run(kind)) < 1
    for _ in range(2):
        said = subprocess.check_output(
            [aisle_executable(), "features", "backfill"], env=child_environment(path.settings), text=True
        )
        assert said == "visitors: 100 values filled from silver\nproducts: 80 values filled from silver\n"
        assert_counters_exact(path, events)
    publish(path.kafka.servers, events[:1_000])  # copies of what was filled are known
    assert_counters_exact(path, events)


def test_what_the_topic_has_no_more_comes_from_silver(path: LivePath, silver: SilverOfTopic) -> None:
    events = trade(6, 600)
    publish(path.kafka.servers, events)
    path.until_taken()
    silver.land()
    for key in path.client.keys("live:*:[vp]*:*"):  # type: ignore[union-attr]
        path.client.delete(key)
    assert path.counters({event["visitor_id"] for event in events}, datetime.now(UTC)) == {}
    for kind in Kind.VISITOR, Kind.PRODUCT:
        assert list(build_backfill(path.settings).run(kind))[-1] == 1
    assert_counters_exact(path, events)


def test_a_silver_that_does_not_follow_is_said(path: LivePath, silver: SilverOfTopic) -> None:
    publish(path.kafka.servers, trade(7, 100))
    path.until_taken()
    silver.land()
    publish(path.kafka.servers, trade(8, 100))
    path.until_taken()
    impatient = replace(build_backfill(path.settings), silver_within=timedelta(0))
    with pytest.raises(NotReadyError, match=r"holds partition \d up to offset \d+, expected \d+ as the live features"):
        list(impatient.run(Kind.PRODUCT))
