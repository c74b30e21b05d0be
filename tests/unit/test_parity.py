from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from feature_store import read_log
from feature_store.live.reader import Presence
from feature_store.parity import Known, Outcome, ViewParity, judge
from feature_store.read_log import LoggedRead, ReadLog
from feature_store.sampled_reader import SampledReader
from tests.fixtures.serving import NOW, FakeOnline

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MIDNIGHT = NOON - timedelta(hours=12)
LAKE = {"views_7d": 3, "mean_rating": 0.1 + 0.2, "brand": None, "event_timestamp": MIDNIGHT}


def read(**changes: Any) -> LoggedRead:
    online = LAKE | {"mean_rating": 0.3, "event_timestamp": MIDNIGHT.isoformat()} | changes
    return LoggedRead("product_features", "p", NOON, online)


NONE = LoggedRead("product_features", "p", NOON, None)


@pytest.mark.parametrize(
    ("logged", "known", "outcome", "features"),
    [
        (read(), Known(LAKE), Outcome.EQUAL, []),
        (read(views_7d=4), Known(LAKE), Outcome.DIFFERENT, ["views_7d"]),
        (read(mean_rating=0.3001, brand="b"), Known(LAKE), Outcome.DIFFERENT, ["mean_rating", "brand"]),
        (read(mean_rating=None), Known(LAKE), Outcome.DIFFERENT, ["mean_rating"]),
        (read(views_7d=4), Known(LAKE, unsettled=True), Outcome.BEHIND, []),
        (read(), Known(LAKE | {"event_timestamp": NOON, "views_7d": 9}), Outcome.BEHIND, []),
        (read(), Known(LAKE | {"event_timestamp": MIDNIGHT - timedelta(1)}), Outcome.DIFFERENT, ["event_timestamp"]),
        (read(), Known(None), Outcome.DIFFERENT, ["event_timestamp"]),
        (NONE, Known(LAKE), Outcome.MISSING, []),
        (NONE, Known(None), Outcome.NOTHING, []),
    ],
)
def test_what_a_read_is_against_what_the_lake_knows(
    logged: LoggedRead, known: Known, outcome: Outcome, features: list[str]
) -> None:
    assert judge(logged, known) == (outcome, features)


def test_only_values_that_could_be_compared_count() -> None:
    counts = {Outcome.EQUAL: 6, Outcome.DIFFERENT: 2, Outcome.BEHIND: 9, Outcome.MISSING: 9, Outcome.NOTHING: 9}
    assert ViewParity(Counter(counts)).mismatch_ratio == 0.25
    assert ViewParity().mismatch_ratio == 0


def sampled(log: ReadLog, ratio: float) -> SampledReader:
    return SampledReader(FakeOnline(lives={"v-1": {"customer_id": "c-1"}}), log, ratio, Random(1))


def test_a_sample_is_logged_and_every_read_answered(tmp_path: Path) -> None:
    log = ReadLog(tmp_path / "new" / "reads.jsonl")
    reader = sampled(log, 0.1)
    for _ in range(100):
        assert reader.read("v-1").live.life.values == {"customer_id": "c-1"}
        assert reader.read("nobody").live.life.presence is Presence.MISSING
    logged = [each for each in log.read() if each.view == "visitor_features"]
    assert 5 < len(logged) < 40
    assert {(each.entity_id, each.features is None) for each in logged} == {("v-1", False), ("nobody", True)}
    known = next(each for each in logged if each.features)
    an_hour_before = (NOW - timedelta(hours=1)).isoformat()
    assert (known.read_at, known.features) == (NOW, {"customer_id": "c-1", "event_timestamp": an_hour_before})


def test_what_is_expired_is_logged_as_nothing(tmp_path: Path) -> None:
    log = ReadLog(tmp_path / "reads.jsonl")
    sampled(log, 1).read("v-1")
    assert {each.view: each.features is None for each in log.read()} == {
        "visitor_features": False,
        "visitor_activity": True,
        "session_features": True,
    }


def test_the_log_is_bounded_and_its_end_may_be_torn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_log, "_MOST_BYTES", 1000)
    log = ReadLog(tmp_path / "reads.jsonl")
    reader = sampled(log, 1)
    for number in range(200):
        reader.read(f"v-{number}")
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2600
    with (tmp_path / "reads.jsonl").open("ab") as file:
        file.write(b'{"view": "visi')
    assert log.read()[-1].entity_id == "v-199"


def test_a_person_can_be_erased_from_it(tmp_path: Path) -> None:
    log = ReadLog(tmp_path / "reads.jsonl")
    log.append([LoggedRead("visitor_features", each, NOON, {"customer_id": f"c-{each}"}) for each in ("v-1", "v-2")])
    assert (log.naming({"v-1"}), log.naming({"c-v-1"}), log.naming({"c"})) == (1, 1, 0)
    log.erase({"c-v-1"})
    assert [each.entity_id for each in log.read()] == ["v-2"]


def test_a_log_that_cannot_be_written_costs_no_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    answer = sampled(ReadLog(tmp_path / "file" / "reads.jsonl"), 1).read("v-1")
    assert answer.live.life.presence is Presence.PRESENT
    assert "cannot be logged" in caplog.text
