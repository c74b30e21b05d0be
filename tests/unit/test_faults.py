from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import TOPICS, Event, Reason, Rejection, parse_event
from contracts.errors import InvalidSettingError
from data_sources.faults import Fault, FaultRatios, Parcel, inject
from data_sources.malformed import MALFORMATIONS, malformations_for, malformed_message
from data_sources.shop import Shop, ShopSettings, Trade
from data_sources.simulator import simulate

START = datetime(2026, 11, 2, tzinfo=UTC)
SHOP = ShopSettings(7, START, 25.0, products=200)
LENGTH = timedelta(minutes=2)
SOME = FaultRatios(late=0.05, duplicate=0.1, out_of_order=0.1, malformed=0.1)


def parcels(ratios: FaultRatios, shop: ShopSettings = SHOP) -> list[Parcel]:
    return list(simulate(Shop(shop), LENGTH, ratios))


@cache
def some_parcels() -> list[Parcel]:
    return parcels(SOME)


def one_of_each_type() -> dict[str, Event]:
    trade = Shop(SHOP).trade(timedelta(minutes=4))
    return {each.event["event_type"]: each.event for each in trade}


def test_every_malformation_of_every_event_is_rejected_for_its_reason() -> None:
    examples = one_of_each_type()
    assert set(examples) == {kind for topic in TOPICS for kind in topic.event_types}
    for event in examples.values():
        for kind in malformations_for(event):
            message = malformed_message(kind, event, "bad-1")
            answer = parse_event(message.value, message.topic)
            assert isinstance(answer, Rejection), kind.name
            assert answer.reason == kind.reason, kind.name
            assert b"bad-1" in message.value


def test_malformations_cover_every_reason_but_that_of_replays() -> None:
    assert {kind.reason for kind in MALFORMATIONS} == set(Reason) - {Reason.UNMAPPED_ROW}


def test_without_faults_the_messages_are_the_events() -> None:
    sent = parcels(FaultRatios())
    trade = list(Shop(SHOP).trade(LENGTH))
    assert [orjson.loads(parcel.message.value) for parcel in sent] == [each.event for each in trade]
    assert all(parcel.fault is None for parcel in sent)


def test_the_contract_finds_exactly_the_faults_that_were_put_in() -> None:
    sent = some_parcels()
    found: Counter[Reason] = Counter()
    valid: Counter[str] = Counter()
    for parcel in sent:
        answer = parse_event(parcel.message.value, parcel.message.topic)
        if isinstance(answer, Rejection):
            found[answer.reason] += 1
            assert parcel.reason == answer.reason
        else:
            valid[answer["event_id"]] += 1
    assert found == Counter(parcel.reason for parcel in sent if parcel.reason)
    faults = Counter(parcel.fault for parcel in sent)
    assert sum(valid.values()) - len(valid) == faults[Fault.DUPLICATE] > 0
    assert len(valid) == sum(1 for _ in Shop(SHOP).trade(LENGTH))
    assert len(valid) + faults[Fault.DUPLICATE] + sum(found.values()) == len(sent)


def test_malformed_messages_differ_in_their_bytes() -> None:
    broken = [parcel.message.value for parcel in parcels(FaultRatios(malformed=0.5)) if parcel.reason]
    assert len(broken) == len(set(broken)) > 500


def test_faults_occur_at_their_ratios() -> None:
    sent = some_parcels()
    faults = Counter(parcel.fault for parcel in sent)
    events = len(sent) - faults[Fault.DUPLICATE] - faults[Fault.MALFORMED]
    for fault, ratio in ((Fault.LATE, 0.05), (Fault.DUPLICATE, 0.1), (Fault.OUT_OF_ORDER, 0.1), (Fault.MALFORMED, 0.1)):
        assert faults[fault] / events == pytest.approx(ratio, rel=0.25)


def test_late_events_are_hours_in_the_past() -> None:
    late = [parcel for parcel in some_parcels() if parcel.fault is Fault.LATE]
    assert late
    for parcel in late:
        occurred_at = datetime.fromisoformat(orjson.loads(parcel.message.value)["occurred_at"])
        delay = datetime.fromtimestamp(parcel.at_ms / 1000, UTC) - occurred_at
        assert timedelta(hours=1) <= delay <= timedelta(hours=48, seconds=1)


def test_messages_are_in_order_of_sending_and_copies_follow_their_first() -> None:
    sent = some_parcels()
    assert [parcel.at_ms for parcel in sent] == sorted(parcel.at_ms for parcel in sent)
    seen = set()
    for parcel in sent:
        if parcel.fault is Fault.DUPLICATE:
            assert parcel.message.value in seen
        seen.add(parcel.message.value)


def test_the_same_seed_gives_the_same_messages_and_another_seed_others() -> None:
    assert parcels(SOME) == some_parcels()
    assert parcels(SOME, ShopSettings(8, START, 25.0, products=200)) != some_parcels()


@pytest.mark.parametrize("ratios", [{"late": -0.1}, {"duplicate": 1.1}, {"late": 0.6, "malformed": 0.6}])
def test_impossible_ratios_are_refused(ratios: dict[str, float]) -> None:
    with pytest.raises(InvalidSettingError, match="fault ratios"):
        FaultRatios(**ratios)


_ratio = st.floats(0, 0.25)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 600_000), max_size=40), st.tuples(_ratio, _ratio, _ratio, _ratio))
def test_no_event_is_lost_whatever_the_faults(gaps: list[int], ratios: tuple[float, float, float, float]) -> None:
    sent = list(inject(_trade(gaps), FaultRatios(*ratios), Random(1)))
    firsts = [parcel for parcel in sent if parcel.fault not in (Fault.DUPLICATE, Fault.MALFORMED)]
    ids = [orjson.loads(parcel.message.value)["event_id"] for parcel in firsts]
    assert sorted(ids) == sorted(f"e-{number}" for number in range(len(gaps)))


def _trade(gaps: list[int]) -> Iterator[Trade]:
    at_ms = 1_790_000_000_000
    for number, gap in enumerate(gaps):
        at_ms += gap
        event = {"event_id": f"e-{number}", "event_type": "page_viewed", "occurred_at": "x", "visitor_id": "v"}
        yield Trade(at_ms, event)
