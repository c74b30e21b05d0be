"""Rejected events: found, counted, decided; planned and sent once more."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from contracts import ManualClock
from contracts.errors import BrokerUnavailableError, NotReadyError, UnknownNameError
from contracts.tables import SILVER_REJECTED_DECISIONS, SILVER_REJECTED_EVENTS
from data_lake.arrow_lake import ArrowLake
from ingestion.rejected import Count, Decision, Filter, RejectedEvents, State
from ingestion.rejected_replay import Plan, plan, send
from ingestion.repair import Patch
from tests.fixtures.fake_bus import FakeBus
from tests.fixtures.rejected_rows import NOON, PAGE_VIEWED, rejected_id, rejected_lake

_HOUR = timedelta(hours=1)
_LATER = NOON + 24 * _HOUR
_BAD = json.dumps({**PAGE_VIEWED, "country": "Germany"}).encode()
_TO_DE = Patch('[{"op": "replace", "path": "/country", "value": "DE"}]')


@pytest.fixture
def lake(tmp_path: Path) -> ArrowLake:
    return rejected_lake(
        tmp_path,
        {"reason": "invalid_value", "value": _BAD},
        {},
        {"topic": "pos", "sent_by": "till"},
        {"sent_by": None, "received_at": NOON + 13 * _HOUR},
    )


@pytest.fixture
def store(lake: ArrowLake) -> RejectedEvents:
    return RejectedEvents(lake)


def _numbers(store: RejectedEvents, wanted: Filter, newest_first: bool = False, limit: int | None = None) -> list[int]:
    return [each.offset for each in store.find(wanted, newest_first, limit)]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Filter(), [0, 1, 2, 3]),
        (Filter(reason="invalid_value"), [0]),
        (Filter(topic="pos"), [2]),
        (Filter(producer="web"), [0, 1]),
        (Filter(since=NOON + _HOUR), [1, 2, 3]),
        (Filter(since=NOON + _HOUR, until=NOON + 2 * _HOUR), [1]),
        (Filter(producer="web", topic="pos"), []),
        (Filter(producer="x' OR true --"), []),
        (Filter(ids=[rejected_id(1), rejected_id(3)]), [1, 3]),
        (Filter(ids=[]), []),
        (Filter(state=State.REPLAYED), []),
        (Filter(state=State.OPEN, topic="clickstream"), [0, 1, 3]),
    ],
)
def test_every_condition_of_a_filter_holds(store: RejectedEvents, wanted: Filter, numbers: list[int]) -> None:
    assert _numbers(store, wanted) == numbers


def test_the_latest_come_first_when_asked_for(store: RejectedEvents) -> None:
    assert _numbers(store, Filter(), newest_first=True, limit=2) == [3, 2]


def test_the_latest_decision_counts_and_the_events_stay(store: RejectedEvents, lake: ArrowLake) -> None:
    store.decide([Decision(rejected_id(0), State.DROPPED, NOON, because="a test")])
    store.decide([Decision(rejected_id(0), State.REPLAYED, _LATER, patch=_TO_DE.text, event_id="e-1")])
    store.decide([Decision(rejected_id(2), State.DROPPED, NOON, because="old")])
    [first] = store.find(Filter(ids=[rejected_id(0)]))
    assert (first.state, first.decided_at, first.because) == (State.REPLAYED, _LATER, None)
    assert (first.patch, first.event_id) == (_TO_DE.text, "e-1")
    assert _numbers(store, Filter(state=State.OPEN)) == [1, 3]
    assert _numbers(store, Filter(state=State.DROPPED)) == [2]
    assert (lake.count(SILVER_REJECTED_EVENTS), lake.version(SILVER_REJECTED_EVENTS)) == (4, 1)
    assert lake.count(SILVER_REJECTED_DECISIONS) == 3


def test_counts_are_by_dimension_and_state(store: RejectedEvents) -> None:
    store.decide([Decision(rejected_id(1), State.DROPPED, NOON)])
    assert store.counts("reason", Filter()) == [Count("not_json", 3, 2, 0, 1), Count("invalid_value", 1, 1, 0, 0)]
    assert store.counts("producer", Filter(topic="clickstream")) == [Count("web", 2, 1, 0, 1), Count(None, 1, 1, 0, 0)]
    assert store.counts("day", Filter()) == [
        Count(date(2026, 11, 20), 3, 2, 0, 1),
        Count(date(2026, 11, 21), 1, 1, 0, 0),
    ]


def test_an_id_may_be_cut_while_it_is_one_event_only(store: RejectedEvents) -> None:
    assert store.full_ids([rejected_id(1)[:8], rejected_id(0)]) == [rejected_id(1), rejected_id(0)]
    with pytest.raises(UnknownNameError, match="no rejected event has the id 'zzz': see `aisle rejected list`"):
        store.full_ids(["zzz"])
    with pytest.raises(UnknownNameError, match="'': 4 begin so: expected more of it"):
        store.full_ids([""])


def test_a_lake_without_rejected_events_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match=r"table silver\.rejected_events is not there yet"):
        list(RejectedEvents(ArrowLake(str(tmp_path / "empty"))).find(Filter()))


def _plan(store: RejectedEvents, number: int, patch: Patch | None = None, again: bool = False) -> Plan:
    [rejected] = store.find(Filter(ids=[rejected_id(number)]))
    return plan(rejected, patch, again)


def test_a_repaired_event_goes_where_it_came_from(store: RejectedEvents) -> None:
    message = _plan(store, 0, _TO_DE).message
    assert message is not None
    assert (message.topic, message.key) == ("clickstream", b"v-1")
    assert json.loads(message.value) == {**PAGE_VIEWED, "country": "DE"}
    assert message.headers == (("producer", b"web"), ("repaired_from", rejected_id(0).encode()))


def test_an_event_that_is_good_by_now_is_sent_as_it_is(tmp_path: Path) -> None:
    raw = json.dumps(PAGE_VIEWED, indent=1).encode()
    message = _plan(RejectedEvents(rejected_lake(tmp_path, {"value": raw, "sent_by": None})), 0).message
    assert message is not None
    assert message.value == raw
    assert [name for name, _ in message.headers] == ["repaired_from"]


def test_what_is_still_bad_is_refused_with_its_reason(store: RejectedEvents) -> None:
    germany = 'still invalid_value: country is "Germany": expected two capital letters (ISO 3166-1)'
    assert _plan(store, 0) == Plan(_plan(store, 0).rejected, refusal=germany)
    assert _plan(store, 1).refusal.startswith("still not_json: ")
    assert _plan(store, 1, _TO_DE).refusal.startswith("the patch does not fit: ")
    whole = Patch(json.dumps([{"op": "add", "path": "", "value": PAGE_VIEWED}]))
    assert _plan(store, 1, whole).event_id == "e-1"
    assert "belongs on topic clickstream, not pos" in _plan(store, 2, whole).refusal


def test_what_was_sent_is_written_down_and_not_sent_again(store: RejectedEvents) -> None:
    bus, clock = FakeBus(), ManualClock(_LATER)
    done = list(send([_plan(store, 1), _plan(store, 0, _TO_DE)], _TO_DE, bus, store, clock))
    assert [each.message is None for each in done] == [True, False]
    assert len(bus.messages) == bus.acknowledged == 1
    [replayed] = store.find(Filter(state=State.REPLAYED))
    assert (replayed.offset, replayed.decided_at, replayed.patch) == (0, _LATER, _TO_DE.text)

    once_more = "already replayed at 2026-11-21T12:00:00Z: --again sends it all the same"
    assert _plan(store, 0, _TO_DE).refusal == once_more
    assert _plan(store, 0, _TO_DE, again=True).message == bus.messages[0]


def test_a_dropped_event_is_not_replayed_by_mistake(store: RejectedEvents) -> None:
    store.decide([Decision(rejected_id(0), State.DROPPED, NOON, because="a test")])
    refusal = "already dropped at 2026-11-20T12:00:00Z because a test: --again sends it all the same"
    assert _plan(store, 0, _TO_DE).refusal == refusal


def test_what_the_broker_did_not_take_stays_open(store: RejectedEvents, lake: ArrowLake) -> None:
    bus = FakeBus()
    bus.reachable = False
    with pytest.raises(BrokerUnavailableError):
        list(send([_plan(store, 0, _TO_DE)], _TO_DE, bus, store, ManualClock(NOON)))
    assert not lake.exists(SILVER_REJECTED_DECISIONS)
