"""What was shown reaches the bus, later where it is away; and what cannot be kept is counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event as Flag

import orjson
import pytest

from contracts import EventBus, Message
from contracts.errors import BrokerUnavailableError
from model_serving.impression_publisher import ImpressionPublisher
from model_serving.impression_spool import ImpressionSpool
from tests.fixtures.fake_bus import FakeBus


def _event(number: int) -> dict[str, str]:
    return {"visitor_id": "v", "event_id": f"e-{number}"}


class SlowBus(FakeBus):
    """Blocks like a client whose buffer is full."""

    def __init__(self, go_on: Flag) -> None:
        super().__init__()
        self.go_on = go_on

    def publish(self, message: Message) -> None:
        self.go_on.wait(timeout=5)
        super().publish(message)


@dataclass
class Desk:
    """Publishers over one spool, and what they dropped."""

    directory: Path
    bus: FakeBus = field(default_factory=FakeBus)
    dropped: list[int] = field(default_factory=list)
    spool_bytes: int = 10_000
    running: list[ImpressionPublisher] = field(default_factory=list)

    @property
    def spool(self) -> ImpressionSpool:
        return ImpressionSpool(self.directory, self.spool_bytes)

    @property
    def lost(self) -> int:
        return sum(self.dropped)

    def publisher(self, build: Callable[[], EventBus] | None = None, capacity: int = 100) -> ImpressionPublisher:
        build = build or (lambda: self.bus)
        publisher = ImpressionPublisher(build, self.spool, self.dropped.append, capacity, retry_s=0.05)
        self.running.append(publisher)
        return publisher

    def arrived(self) -> set[str]:
        return {orjson.loads(message.value)["event_id"] for message in self.bus.messages}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "impressions")
    yield desk
    for publisher in desk.running:
        publisher.stop()


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "not within ten seconds"
        time.sleep(0.01)


def test_what_waits_at_the_end_is_published(desk: Desk) -> None:
    publisher = desk.publisher()
    publisher.start()
    for number in range(5):
        publisher.offer(_event(number))
    publisher.stop()
    assert (len(desk.bus.messages), desk.bus.acknowledged, desk.lost) == (5, 5, 0)


def test_a_full_queue_drops_at_once_and_counts(desk: Desk) -> None:
    go_on = Flag()
    desk.bus = SlowBus(go_on)
    publisher = desk.publisher(capacity=2)
    publisher.start()
    for number in range(10):
        publisher.offer(_event(number))
    # Two wait, and at most three were taken out before the bus blocked.
    assert 5 <= desk.lost <= 8
    go_on.set()
    publisher.stop()
    assert len(desk.bus.messages) + desk.lost == 10


def test_without_a_broker_impressions_are_spooled_and_sent_once_it_is_back(desk: Desk) -> None:
    desk.bus.reachable = False
    publisher = desk.publisher()
    publisher.start()
    for number in range(20):
        publisher.offer(_event(number))
    _until(lambda: bool(publisher.failure and desk.spool.batches))
    assert "no Kafka broker answers at fake:9092" in publisher.failure
    desk.bus.reachable = True
    _until(lambda: not publisher.failure and not desk.spool.batches)
    publisher.stop()
    assert desk.arrived() == {f"e-{number}" for number in range(20)}
    assert (desk.bus.acknowledged, desk.lost) == (20, 0)


def test_what_an_earlier_run_has_spooled_is_sent(desk: Desk) -> None:
    def away() -> EventBus:
        msg = "no broker"
        raise BrokerUnavailableError(msg)

    publisher = desk.publisher(away)
    publisher.start()
    publisher.offer(_event(1))
    publisher.stop()
    assert len(desk.spool.batches) == 1
    later = desk.publisher()
    later.start()
    _until(lambda: not desk.spool.batches)
    assert (desk.arrived(), desk.lost) == ({"e-1"}, 0)


def test_what_is_published_and_not_acknowledged_is_spooled(desk: Desk) -> None:
    class Silent(FakeBus):
        def flush(self, timeout: object) -> None:  # noqa: ARG002 - the port's signature
            if not self.reachable:
                msg = "nothing is acknowledged"
                raise BrokerUnavailableError(msg)

        def _require_broker(self) -> None:
            """Take messages even when they go nowhere."""

    desk.bus = Silent()
    desk.bus.reachable = False
    publisher = desk.publisher()
    publisher.start()
    publisher.offer(_event(1))
    _until(lambda: len(desk.spool.batches) == 1)
    assert publisher.failure == "nothing is acknowledged"


def test_a_full_spool_drops_and_counts(desk: Desk) -> None:
    desk.bus.reachable, desk.spool_bytes = False, 10
    publisher = desk.publisher()
    publisher.start()
    publisher.offer(_event(1))
    _until(lambda: desk.lost == 1)
    assert desk.spool.batches == []


def test_a_spool_that_cannot_be_written_drops_and_counts(desk: Desk) -> None:
    desk.directory.write_text("a file where the directory should be")
    desk.bus.reachable = False
    publisher = desk.publisher()
    publisher.start()
    publisher.offer(_event(1))
    _until(lambda: desk.lost == 1)


def test_an_impression_that_no_topic_takes_is_dropped_alone(desk: Desk) -> None:
    publisher = desk.publisher()
    publisher.start()
    publisher.offer(_event(1) | {"placement": "x" * 9_000_000})
    publisher.offer(_event(2))
    publisher.stop()
    assert (desk.arrived(), desk.lost) == ({"e-2"}, 1)


def test_of_a_cut_batch_the_whole_lines_are_sent(desk: Desk) -> None:
    assert desk.spool.put([_event(1), _event(2)])
    [batch] = desk.spool.batches
    batch.write_bytes(batch.read_bytes()[:-5])
    publisher = desk.publisher()
    publisher.start()
    _until(lambda: not desk.spool.batches)
    publisher.stop()
    assert (desk.arrived(), desk.lost) == ({"e-1"}, 1)
