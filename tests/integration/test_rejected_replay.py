"""A bad event is repaired and replayed: through Kafka and the streams into silver, and counted once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest
from kafka import KafkaProducer
from pyspark.sql import SparkSession

from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_REJECTED_DECISIONS, SILVER_REJECTED_EVENTS, TABLES
from contracts.topics import CLICKSTREAM, TOPICS
from data_lake.arrow_lake import ArrowLake
from deployment.settings import PROJECT_ROOT, child_environment
from stream_processing.messages import read_topics
from stream_processing.queries import Surroundings, silver_query
from stream_processing.runner import StreamRunner
from tests.fixtures.kafka import Kafka, ReadMessage, end_offsets, read_messages
from tests.fixtures.messages import good_examples

_TO_DE = '[{"op": "replace", "path": "/country", "value": "DE"}]'


class Shop:
    """A lake, a broker with nothing in its topics, and silver's stream between them."""

    def __init__(self, spark: SparkSession, kafka: Kafka, path: Path) -> None:
        kafka.fresh_topics()
        self.kafka = kafka
        self.uri = str(path)
        self.lake = ArrowLake(self.uri)
        self.lake.create_missing(table for table in TABLES if table != SILVER_REJECTED_DECISIONS)
        self._spark = spark
        self._given: list[int] | None = None

    def give(self, *messages: tuple[bytes, list[tuple[str, bytes]]]) -> None:
        """Put messages on the topic and land them."""
        producer = KafkaProducer(bootstrap_servers=self.kafka.servers)
        for value, headers in messages:
            producer.send(CLICKSTREAM.name, value, headers=headers)
        producer.flush()
        producer.close()
        self.land()
        self._given = end_offsets(self.kafka.servers, CLICKSTREAM.name)

    def land(self) -> None:
        around = Surroundings(self._spark, self.lake, self.kafka.servers, 1.0)
        messages = read_topics(self._spark, self.kafka.servers, TOPICS)
        StreamRunner(self.lake, [silver_query(around, messages)], Event()).drain(lambda _: None)

    def sent(self) -> list[ReadMessage]:
        """What came on the topic after what was given."""
        return read_messages(self.kafka.servers, CLICKSTREAM.name, self._given)

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from deployment.cli import main; main()", "rejected", *arguments],
            env={**child_environment(self.kafka.settings), "AISLE_LAKE_URI": self.uri, **variables},
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def shop(spark: SparkSession, kafka: Kafka, tmp_path: Path) -> Shop:
    return Shop(spark, kafka, tmp_path / "lake")


def test_a_repaired_event_lands_in_silver_and_is_counted_once(shop: Shop) -> None:
    event = good_examples(CLICKSTREAM)[0] | {"country": "Germany"}
    shop.give((json.dumps(event).encode(), [("producer", b"web")]), (b"cut", [("producer", b"web")]))
    rejected = shop.lake.read(SILVER_REJECTED_EVENTS).to_pylist()
    [bad] = [row for row in rejected if row["reason"] == "invalid_value"]

    still_bad = shop.run("replay", "--reason", "invalid_value")
    assert (still_bad.returncode, still_bad.stderr) == (1, "0 sent, 1 refused\n")
    assert 'still invalid_value: country is "Germany"' in still_bad.stdout
    assert shop.sent() == []

    done = shop.run("replay", bad["rejected_id"][:10], "--patch", _TO_DE)
    assert (done.returncode, done.stderr) == (0, "1 sent, 0 refused\n"), done.stdout
    [sent] = shop.sent()
    assert json.loads(sent.value) == event | {"country": "DE"}
    assert sent.key == event["visitor_id"].encode()
    assert dict(sent.headers) == {"producer": b"web", "repaired_from": bad["rejected_id"].encode()}
    shop.land()
    [landed] = shop.lake.read(SILVER_CLICKSTREAM_EVENTS).to_pylist()
    assert (landed["event_id"], landed["country"], landed["sent_by"]) == (event["event_id"], "DE", "web")

    refused = shop.run("replay", bad["rejected_id"], "--patch", _TO_DE)
    assert (refused.returncode, "already replayed at" in refused.stdout, len(shop.sent())) == (1, True, 1)
    again = shop.run("replay", bad["rejected_id"], "--patch", _TO_DE, "--again")
    assert (again.returncode, len(shop.sent())) == (0, 2)
    shop.land()
    assert shop.lake.read(SILVER_CLICKSTREAM_EVENTS).to_pylist() == [landed]
    assert shop.lake.read(SILVER_REJECTED_EVENTS).to_pylist() == rejected
    assert shop.lake.count(SILVER_REJECTED_DECISIONS) == 2


def test_without_a_broker_nothing_is_decided(shop: Shop) -> None:
    shop.give((json.dumps(good_examples(CLICKSTREAM)[0] | {"country": "Germany"}).encode(), []))
    done = shop.run("replay", "--reason", "invalid_value", "--patch", _TO_DE, AISLE_KAFKA__SERVERS="127.0.0.1:1")
    assert done.returncode == 1
    assert done.stderr.startswith("error: no Kafka broker answers at 127.0.0.1:1: ")
    assert not shop.lake.exists(SILVER_REJECTED_DECISIONS)
