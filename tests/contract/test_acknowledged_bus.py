"""One suite for every acknowledged bus: the fake that tests use, and confluent-kafka."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest

from contracts import AcknowledgedBus, Message
from contracts.errors import BrokerUnavailableError
from contracts.topics import CLICKSTREAM
from ingestion.confluent_acknowledged_bus import ConfluentAcknowledgedBus
from tests.fixtures.fake_acknowledged_bus import FakeAcknowledgedBus
from tests.fixtures.kafka import Kafka, ReadMessage, end_offsets, read_messages

SOON = timedelta(seconds=2)
NOWHERE = "127.0.0.1:9"
HEADERS = [("producer", b"test")]


@dataclass
class Case:
    """One bus under test, and how to read back what a test published since it began."""

    bus: AcknowledgedBus
    read: Callable[[], list[ReadMessage]]


@pytest.fixture(params=["fake", "confluent-kafka"])
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    if request.param == "fake":
        fake = FakeAcknowledgedBus()
        with _running(fake):
            yield Case(fake, lambda: [ReadMessage(0, m.key, m.value, list(m.headers)) for m in fake.messages])
        return
    kafka: Kafka = request.getfixturevalue("kafka")
    before = end_offsets(kafka.servers, CLICKSTREAM.name)
    with _running(ConfluentAcknowledgedBus(kafka.servers)) as bus:
        yield Case(bus, lambda: read_messages(kafka.servers, CLICKSTREAM.name, before))


@pytest.fixture(params=["fake", "confluent-kafka"])
def unreachable(request: pytest.FixtureRequest) -> Iterator[AcknowledgedBus]:
    if request.param == "fake":
        fake = FakeAcknowledgedBus(NOWHERE)
        fake.reachable = False
        yield fake
        return
    with _running(ConfluentAcknowledgedBus(NOWHERE, SOON)) as bus:
        yield bus


def test_what_was_published_can_be_read(case: Case) -> None:
    messages = [_message(number) for number in range(500)]
    asyncio.run(case.bus.publish(messages))
    read = case.read()
    assert sorted((r.key, r.value) for r in read) == sorted((m.key, m.value) for m in messages)
    assert all(r.headers == HEADERS for r in read)


def test_callers_at_once_each_hear_of_their_own(case: Case) -> None:
    async def publish_all() -> None:
        await asyncio.gather(*(case.bus.publish([_message(n), _message(n)]) for n in range(200)))

    asyncio.run(publish_all())
    assert sorted(r.value for r in case.read()) == sorted(2 * [_message(n).value for n in range(200)])


def test_a_broker_with_its_topics_is_ready(case: Case) -> None:
    case.bus.require_ready()


def test_an_unreachable_broker_is_named(unreachable: AcknowledgedBus) -> None:
    with pytest.raises(BrokerUnavailableError, match=NOWHERE):
        unreachable.require_ready()
    with pytest.raises(BrokerUnavailableError, match=NOWHERE):
        asyncio.run(unreachable.publish([_message(1)]))


def test_a_missing_topic_is_named(own_kafka: Kafka) -> None:
    with _running(ConfluentAcknowledgedBus(own_kafka.servers, SOON)) as bus:
        missing = Message("no-such-topic", b"k", b"v")
        with pytest.raises(BrokerUnavailableError, match=own_kafka.servers):
            asyncio.run(bus.publish([_message(1), missing]))


def test_a_full_buffer_is_refused_at_once() -> None:
    padding = b"x" * 1024 * 1024
    messages = [Message(CLICKSTREAM.name, b"k", padding) for _ in range(70)]
    with _running(ConfluentAcknowledgedBus(NOWHERE, SOON)) as bus:
        started = time.monotonic()
        with pytest.raises(BrokerUnavailableError, match="the buffer is full"):
            asyncio.run(bus.publish(messages))
        assert time.monotonic() - started < SOON.total_seconds()


def test_a_bus_outlives_its_broker(own_kafka: Kafka) -> None:
    with _running(ConfluentAcknowledgedBus(own_kafka.servers, SOON)) as bus:
        asyncio.run(bus.publish([_message(1)]))
        own_kafka.kill()
        with pytest.raises(BrokerUnavailableError, match=own_kafka.servers):
            asyncio.run(bus.publish([_message(2)]))
        own_kafka.start()
        asyncio.run(_until_published(bus, _message(3)))


async def _until_published(bus: AcknowledgedBus, message: Message) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            return await bus.publish([message])
        except BrokerUnavailableError:
            if time.monotonic() > deadline:
                raise


@contextmanager
def _running(bus: AcknowledgedBus) -> Iterator[AcknowledgedBus]:
    bus.start()
    yield bus
    bus.close()


def _message(number: int) -> Message:
    return Message(CLICKSTREAM.name, f"v-{number % 50}".encode(), f'{{"event_id": "e-{number}"}}'.encode(), HEADERS)
