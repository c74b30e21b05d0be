"""One suite for every event bus: the fake that tests use, kafka-python and confluent-kafka."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from contracts.errors import BrokerUnavailableError, PermanentError
from contracts.ports import EventBus, Message
from contracts.topics import CLICKSTREAM
from ingestion.confluent_bus import ConfluentBus
from ingestion.kafka_bus import KafkaBus
from ingestion.topics import MAX_MESSAGE_BYTES
from tests.fixtures.fake_bus import FakeBus
from tests.fixtures.kafka import Kafka, ReadMessage, end_offsets, free_ports, read_messages

SOON = timedelta(seconds=30)
REAL = (KafkaBus, ConfluentBus)


@dataclass
class Case:
    """One bus under test, and how to read back what a test published since it began."""

    bus: EventBus
    read: Callable[[], list[ReadMessage]]


@pytest.fixture(params=["fake", "kafka-python", "confluent-kafka"])
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    if request.param == "fake":
        fake = FakeBus()
        yield Case(fake, lambda: [ReadMessage(0, m.key, m.value, list(m.headers)) for m in fake.messages])
        return
    kafka: Kafka = request.getfixturevalue("kafka")
    bus = KafkaBus(kafka.servers) if request.param == "kafka-python" else ConfluentBus(kafka.servers)
    before = end_offsets(kafka.servers, CLICKSTREAM.name)
    yield Case(bus, lambda: read_messages(kafka.servers, CLICKSTREAM.name, before))
    bus.close()


def test_what_is_flushed_is_acknowledged_and_can_be_read(case: Case) -> None:
    messages = [_message(number) for number in range(500)]
    for message in messages:
        case.bus.publish(message)
    case.bus.flush(SOON)
    assert case.bus.acknowledged == len(messages)
    read = case.read()
    assert sorted((r.key, r.value) for r in read) == sorted((m.key, m.value) for m in messages)


def test_headers_and_bytes_arrive_as_they_were(case: Case) -> None:
    headers = [("producer", b"test"), ("source_line", b"7"), ("producer", "zweimal £".encode())]
    message = Message(CLICKSTREAM.name, None, b"\xff\x00 not json\r\n", headers)
    case.bus.publish(message)
    case.bus.flush(SOON)
    (read,) = case.read()
    assert (read.key, read.value, read.headers) == (None, message.value, headers)


def test_events_of_one_key_stay_in_order(case: Case) -> None:
    for number in range(1000):
        case.bus.publish(Message(CLICKSTREAM.name, f"v-{number % 7}".encode(), str(number).encode()))
    case.bus.flush(SOON)
    of_key: dict[bytes | None, list[int]] = defaultdict(list)
    for read in case.read():
        of_key[read.key].append(int(read.value))
    assert len(of_key) == 7
    assert all(numbers == sorted(numbers) for numbers in of_key.values())


def test_close_flushes(case: Case) -> None:
    case.bus.publish(_message(1))
    case.bus.close()
    assert case.bus.acknowledged == 1
    assert len(case.read()) == 1


def test_an_idle_bus_flushes_and_closes(case: Case) -> None:
    case.bus.flush(SOON)
    case.bus.close()
    case.bus.close()
    assert case.bus.acknowledged == 0


def test_a_message_beyond_the_limit_is_refused_and_the_next_is_taken(case: Case) -> None:
    with pytest.raises(PermanentError, match="bytes for topic clickstream"):
        case.bus.publish(Message(CLICKSTREAM.name, b"v-1", b"x" * (MAX_MESSAGE_BYTES + 1)))
    case.bus.publish(Message(CLICKSTREAM.name, b"v-1", b"x" * (MAX_MESSAGE_BYTES // 2)))
    case.bus.flush(SOON)
    assert case.bus.acknowledged == 1


@pytest.mark.parametrize("kind", [FakeBus, *REAL])
def test_an_unreachable_broker_is_named(kind: type[FakeBus | KafkaBus | ConfluentBus]) -> None:
    servers = f"127.0.0.1:{free_ports(1)[0]}"
    bus = kind(servers)
    if isinstance(bus, FakeBus):
        bus.reachable = False
    with pytest.raises(BrokerUnavailableError, match=servers):
        bus.publish(_message(1))
    bus.close()
    assert bus.acknowledged == 0


def test_both_clients_put_a_key_into_the_same_partition(kafka: Kafka) -> None:
    placed = [_partition_of_keys(kafka.servers, bus(kafka.servers)) for bus in REAL]
    assert placed[0] == placed[1]
    assert set(placed[0].values()) == set(range(CLICKSTREAM.partitions))


@pytest.mark.parametrize("kind", REAL)
def test_a_topic_that_is_missing_is_an_error(kafka: Kafka, kind: type[KafkaBus | ConfluentBus]) -> None:
    bus = kind(kafka.servers, timedelta(seconds=2))
    with pytest.raises(BrokerUnavailableError, match=kafka.servers):
        _publish_and_flush(bus, Message("no-such-topic", b"k", b"v"))
    bus.close()


def test_a_broker_that_stays_away_is_an_error(own_kafka: Kafka) -> None:
    buses = [kind(own_kafka.servers, timedelta(seconds=3)) for kind in REAL]
    for bus in buses:
        _publish_and_flush(bus, _message(1))
    own_kafka.kill()
    for bus in buses:
        with pytest.raises(BrokerUnavailableError, match=own_kafka.servers):
            _publish_and_flush(bus, _message(2))
        assert bus.acknowledged == 1
        bus.close()
    own_kafka.start()


def test_nothing_is_lost_or_doubled_when_the_broker_is_killed(own_kafka: Kafka) -> None:
    before, count = end_offsets(own_kafka.servers, CLICKSTREAM.name), 20_000
    buses = [kind(own_kafka.servers) for kind in REAL]
    restart = threading.Thread(target=_kill_and_start, args=[own_kafka])
    for number in range(count):
        buses[number % 2].publish(_message(number))
        if number == count // 3:
            restart.start()
    for bus in buses:
        bus.flush(timedelta(seconds=60))
        assert bus.acknowledged == count // 2
        bus.close()
    restart.join()
    values = [read.value for read in read_messages(own_kafka.servers, CLICKSTREAM.name, before)]
    assert sorted(values) == sorted(_message(number).value for number in range(count))


def _kill_and_start(kafka: Kafka) -> None:
    kafka.kill()
    kafka.start()


def _message(number: int) -> Message:
    value = f'{{"event_id": "e-{number}", "padding": "{"x" * 250}"}}'.encode()
    return Message(CLICKSTREAM.name, f"v-{number % 50}".encode(), value, [("producer", b"test")])


def _publish_and_flush(bus: EventBus, message: Message) -> None:
    bus.publish(message)
    bus.flush(SOON)


def _partition_of_keys(servers: str, bus: EventBus) -> dict[bytes | None, int]:
    before = end_offsets(servers, CLICKSTREAM.name)
    for number in range(200):
        bus.publish(Message(CLICKSTREAM.name, f"visitor-{number * 7919}".encode(), b"{}"))
    bus.close()
    return {read.key: read.partition for read in read_messages(servers, CLICKSTREAM.name, before)}
