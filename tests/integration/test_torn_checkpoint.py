"""Spark itself on checkpoints that a power cut tore or a backup brought back: exact, or stopped by one clear error."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from shutil import copytree, rmtree
from threading import Event

import orjson
import pytest
from pyspark.sql import SparkSession

from contracts import Message
from contracts.errors import PermanentError, RetryableError
from contracts.tables import BRONZE_CLICKSTREAM, SILVER_CLICKSTREAM_EVENTS
from contracts.topics import CLICKSTREAM
from data_lake.arrow_lake import ArrowLake
from ingestion.confluent_bus import ConfluentBus
from stream_processing.queries import Surroundings, all_queries
from stream_processing.runner import StreamRunner
from tests.fixtures.collector import product_viewed
from tests.fixtures.kafka import Kafka

_QUERIES = ("bronze", "silver")


class Streams:
    """Both queries on a lake, drained by hand."""

    def __init__(self, spark: SparkSession, kafka: Kafka, lake: ArrowLake) -> None:
        self.lake = lake
        self._spark = spark
        self._kafka = kafka
        lake.create_missing()

    def send(self, *numbers: int) -> None:
        bus = ConfluentBus(self._kafka.servers)
        for number in numbers:
            bus.publish(Message(CLICKSTREAM.name, b"v", orjson.dumps(product_viewed(number))))
        bus.flush(timedelta(seconds=30))
        bus.close()

    def drain(self) -> None:
        around = Surroundings(self._spark, self.lake, self._kafka.servers, 1.0)
        try:
            StreamRunner(self.lake, all_queries(around), Event()).drain(lambda _: None)
        finally:
            for query in self._spark.streams.active:
                query.stop()

    def checkpoint(self, query: str) -> Path:
        return Path(self.lake.checkpoint(query))

    def ids(self) -> list[str]:
        """Return silver's event ids, each as often as it is there."""
        return sorted(self.lake.read(SILVER_CLICKSTREAM_EVENTS, ["event_id"])["event_id"].to_pylist())


@pytest.fixture(scope="module")
def two_batches(spark: SparkSession, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake after batches 0 and 1 of both queries (four messages each); ``old`` has the checkpoints after batch 0."""
    kafka.fresh_topics()
    root = tmp_path_factory.mktemp("two-batches")
    streams = Streams(spark, kafka, ArrowLake(str(root / "lake")))
    streams.send(0, 1, 2, 0)
    streams.drain()
    copytree(root / "lake" / "_checkpoints", root / "old")
    streams.send(3, 4, 1, 3)
    streams.drain()
    streams.send(5, 6, 4, 0)
    return root


@pytest.fixture
def streams(two_batches: Path, spark: SparkSession, kafka: Kafka, tmp_path: Path) -> Streams:
    """The streams on a copy of that lake, with a third batch of four waiting in Kafka."""
    copytree(two_batches / "lake", tmp_path / "lake")
    return Streams(spark, kafka, ArrowLake(str(tmp_path / "lake")))


_ALL = [f"e-{number}" for number in range(7)]


def test_what_is_torn_but_can_run_again_is_exact(streams: Streams) -> None:
    for query in _QUERIES:
        checkpoint = streams.checkpoint(query)
        (checkpoint / "commits" / "1").write_bytes(b"")
        (checkpoint / "offsets" / "2").write_bytes(b"v1\n{")
        (checkpoint / "offsets" / ".3.0badcafe-0000-4000-8000-000000000000.tmp").write_bytes(b"")
    streams.drain()
    assert streams.ids() == _ALL
    assert streams.lake.count(BRONZE_CLICKSTREAM) == 12


@pytest.mark.parametrize("query", _QUERIES)
def test_a_checkpoint_from_a_backup_is_refused_before_messages_are_left_out(
    streams: Streams, two_batches: Path, query: str
) -> None:
    rmtree(streams.checkpoint(query))
    copytree(two_batches / "old" / query, streams.checkpoint(query))
    for _ in range(2):
        with pytest.raises(
            PermanentError, match=rf"^{query}\.clickstream\w* has batch 1, but .* does not say any more"
        ):
            streams.drain()


def test_ids_seen_that_are_torn_stop_the_stream_until_their_batch_runs_again(streams: Streams) -> None:
    checkpoint = streams.checkpoint("silver")
    for torn in checkpoint.glob("state/0/*/2.changelog"):
        torn.write_bytes(torn.read_bytes()[: torn.stat().st_size // 2])
    with pytest.raises(RetryableError, match=r"^streaming query silver failed: .*error occurred during loading state"):
        streams.drain()
    # What docs/failures.md says to do.
    for log, number in (("commits", 1), ("offsets", 2)):
        (checkpoint / log / str(number)).unlink()
        (checkpoint / log / f".{number}.crc").unlink()
    streams.drain()
    assert streams.ids() == _ALL
    assert streams.lake.count(BRONZE_CLICKSTREAM) == 12
