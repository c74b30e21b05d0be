from __future__ import annotations

from contracts.topics import TOPICS
from deployment.local_stack.kafka_broker import broker_is_healthy, prepare_broker
from ingestion.topics import create_topics, list_topics
from tests.fixtures.kafka import Kafka


def test_creating_topics_twice_changes_nothing(kafka: Kafka) -> None:
    assert create_topics(kafka.servers) == []
    states = {state.name: state.partitions for state in list_topics(kafka.servers)}
    assert states == {topic.name: topic.partitions for topic in TOPICS}


def test_topics_and_data_outlive_a_killed_broker(own_kafka: Kafka) -> None:
    before = list_topics(own_kafka.servers)
    own_kafka.kill()
    assert not broker_is_healthy(own_kafka.settings)
    prepare_broker(own_kafka.settings)
    own_kafka.start()
    assert list_topics(own_kafka.servers) == before


def test_fresh_topics_are_empty(own_kafka: Kafka) -> None:
    own_kafka.fresh_topics()
    assert [state.messages for state in list_topics(own_kafka.servers)] == [0] * len(TOPICS)
