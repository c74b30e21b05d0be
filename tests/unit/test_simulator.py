from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from contracts import ManualClock
from contracts.errors import BrokerUnavailableError
from data_sources.faults import FaultRatios, Parcel
from data_sources.pacing import paced
from data_sources.shop import Shop, ShopSettings
from data_sources.simulator import send, simulate
from data_sources.truth import Tally, report_of, tastes_of
from tests.fixtures.fake_bus import FakeBus

START = datetime(2026, 11, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SOME = FaultRatios(late=0.05, duplicate=0.1, out_of_order=0.1, malformed=0.1)


def new_shop() -> Shop:
    return Shop(ShopSettings(7, START, 30.0, products=200))


def never() -> bool:
    return False


def test_the_report_adds_up_to_what_the_bus_acknowledged() -> None:
    bus, tally = FakeBus(), Tally()
    send(simulate(new_shop(), MINUTE, SOME), bus, tally, never)
    report = report_of(tally, bus.acknowledged)
    assert report["sent"] == len(bus.messages) > 1000
    rejected = sum(report["rejected_injected"].values())
    assert report["accepted_expected"] + report["duplicates_injected"] + rejected == report["sent"]
    assert min(report["late_injected"], report["out_of_order_injected"], report["duplicates_injected"], rejected) > 0


def test_stopping_keeps_what_was_sent_and_counts_it() -> None:
    bus, tally = FakeBus(), Tally()
    send(simulate(new_shop(), MINUTE, SOME), bus, tally, lambda: len(bus.messages) >= 100)
    assert bus.acknowledged == tally.published == 100


def test_a_broker_that_goes_away_is_an_error_and_nothing_unsent_is_counted() -> None:
    bus, tally = FakeBus(), Tally()

    def then_away() -> Iterator[Parcel]:
        for number, parcel in enumerate(simulate(new_shop(), MINUTE, FaultRatios())):
            bus.reachable = number < 50
            yield parcel

    with pytest.raises(BrokerUnavailableError):
        send(then_away(), bus, tally, never)
    assert tally.published == len(bus.messages) == 50
    assert bus.acknowledged == 0


def test_every_message_says_who_sent_it_and_has_its_topics_key() -> None:
    for parcel in simulate(new_shop(), MINUTE, SOME):
        assert dict(parcel.message.headers) == {"producer": b"simulator"}
        assert parcel.message.key


def test_the_report_knows_the_persona_of_every_visitor() -> None:
    shop = new_shop()
    events = [trade.event for trade in shop.trade(MINUTE)]
    tastes = tastes_of(shop)
    assert {event["visitor_id"] for event in events if "visitor_id" in event} <= set(tastes["visitors"])
    assert set(tastes["visitors"].values()) - {"bot"} <= set(tastes["personas"])


@pytest.mark.parametrize("shift", [timedelta(0), timedelta(hours=2)])
def test_live_trade_waits_until_each_event_is_due(shift: timedelta) -> None:
    clock = ManualClock(START + shift)

    def sleep(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))

    for parcel in paced(simulate(new_shop(), MINUTE, FaultRatios()), shift, clock, sleep):
        due = datetime.fromtimestamp(parcel.at_ms / 1000, UTC) + shift
        assert abs(clock.now() - due) < timedelta(milliseconds=5)
    assert clock.now() == pytest.approx(START + shift + MINUTE, abs=timedelta(seconds=2))


def test_trade_that_lags_is_not_held_up_any_more() -> None:
    slept: list[float] = []
    clock = ManualClock(START + MINUTE)
    parcels = list(paced(simulate(new_shop(), MINUTE, FaultRatios()), timedelta(0), clock, slept.append))
    assert parcels
    assert not slept
