from __future__ import annotations

from threading import Event

from contracts import Message
from contracts.errors import BrokerUnavailableError
from model_serving.impressions import ImpressionPublisher
from tests.fixtures.fake_bus import FakeBus

EVENT = {"visitor_id": "v", "event_id": "e"}


class SlowBus(FakeBus):
    """Blocks like a client whose buffer is full."""

    def __init__(self, go_on: Event) -> None:
        super().__init__()
        self.go_on = go_on

    def publish(self, message: Message) -> None:
        self.go_on.wait(timeout=5)
        super().publish(message)


def test_what_waits_at_the_end_is_published() -> None:
    bus, dropped = FakeBus(), []
    publisher = ImpressionPublisher(lambda: bus, lambda: dropped.append(1))
    publisher.start()
    for _ in range(5):
        publisher.offer(EVENT)
    publisher.stop()
    assert (len(bus.messages), bus.acknowledged, dropped) == (5, 5, [])


def test_a_full_queue_drops_at_once_and_counts() -> None:
    go_on, dropped = Event(), []
    bus = SlowBus(go_on)
    publisher = ImpressionPublisher(lambda: bus, lambda: dropped.append(1), capacity=2)
    publisher.start()
    for _ in range(10):
        publisher.offer(EVENT)
    assert len(dropped) in {7, 8}
    go_on.set()
    publisher.stop()
    assert len(bus.messages) + len(dropped) == 10


def test_a_broker_that_is_away_at_start_is_tried_again() -> None:
    bus, dropped, attempts = FakeBus(), [], []

    def build() -> FakeBus:
        attempts.append(1)
        if len(attempts) == 1:
            msg = "no broker"
            raise BrokerUnavailableError(msg)
        return bus

    publisher = ImpressionPublisher(build, lambda: dropped.append(1))
    publisher.offer(EVENT)
    publisher.offer(EVENT)
    publisher.start()
    publisher.stop()
    assert (len(dropped), len(bus.messages)) == (1, 1)
