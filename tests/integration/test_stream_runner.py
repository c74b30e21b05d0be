"""Kafka to gold through the real queries: drained twice, and stopped by what must stop it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree
from threading import Event
from typing import Any

import pytest
from kafka import KafkaProducer
from pyspark.sql import SparkSession

from contracts.clock import SystemClock
from contracts.errors import PermanentError, RetryableError, TooManyRejectedError
from contracts.tables import (
    CHECKED_TABLES,
    EVENT_TABLES,
    GOLD_REVENUE_PER_MINUTE,
    SILVER_REJECTED_EVENTS,
    SILVER_SESSIONS,
    Table,
    bronze_table,
)
from contracts.topics import CLICKSTREAM, POS, TOPICS, topic_of
from data_lake.arrow_lake import ArrowLake
from data_lake.care.erasing import TableErasure
from data_lake.care.naming import Subject
from data_lake.care.optimizing import optimize
from data_lake.care.owned_rows import PERSONAL_TABLES
from ingestion.kafka_erasure import KafkaErasure
from stream_processing.bronze_source import read_bronze
from stream_processing.queries import Surroundings, all_queries, follow_silver, silver_query
from stream_processing.rebuilt import adopt_numbers, offsets_in_step
from stream_processing.runner import State, StreamRunner
from stream_processing.running_query import Query
from stream_processing.taken_offsets import taken_offsets
from tests.fixtures.kafka import Kafka, end_offsets
from tests.fixtures.messages import good_examples

_COUNTED = (
    *(bronze_table(topic) for topic in TOPICS),
    *EVENT_TABLES.values(),
    *(SILVER_REJECTED_EVENTS, SILVER_SESSIONS, GOLD_REVENUE_PER_MINUTE),
)


def _send(kafka: Kafka, *events: dict[str, Any]) -> None:
    for topic in TOPICS:
        theirs = [event for event in events if topic_of(event["event_type"]) is topic]
        _send_raw(kafka, topic.name, *(json.dumps(event).encode() for event in theirs))


def _send_raw(kafka: Kafka, topic: str, *values: bytes) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka.servers)
    for value in values:
        producer.send(topic, value, headers=[("producer", b"test"), ("producer", b"\xff")])
    producer.flush()
    producer.close()


def _runner(spark: SparkSession, kafka: Kafka, lake_dir: Path, limit: float = 1.0) -> StreamRunner:
    lake = ArrowLake(str(lake_dir))
    lake.create_missing()
    around = Surroundings(spark, lake, kafka.servers, limit)
    return StreamRunner(lake, all_queries(around), Event(), follow_silver(around))


def _counts(lake_dir: Path) -> dict[str, int]:
    lake = ArrowLake(str(lake_dir))
    return {table.name: lake.count(table) for table in _COUNTED}


def test_kafka_to_gold_twice_and_again_with_nothing_new(spark: SparkSession, kafka: Kafka, tmp_path: Path) -> None:
    kafka.fresh_topics()
    events = [event for topic in TOPICS for event in good_examples(topic)]
    visitors = {
        event["visitor_id"]
        for event in events
        if topic_of(event["event_type"]) is CLICKSTREAM and event["event_type"] != "recommendations_shown"
    }
    states: list[State] = []
    _send(kafka, *events, events[0])
    _send_raw(kafka, "clickstream", b"\xff")
    _runner(spark, kafka, tmp_path).drain(states.append)
    first = _counts(tmp_path)
    assert first["bronze.clickstream"] == len(good_examples(CLICKSTREAM)) + 2
    for topic, table in EVENT_TABLES.items():
        assert first[table.name] == len(good_examples(topic))
        assert topic is CLICKSTREAM or first[f"bronze.{topic.name}"] == len(good_examples(topic))
    assert first["silver.rejected_events"] == 1
    in_sessions = ArrowLake(str(tmp_path)).read(SILVER_SESSIONS, ["visitor_id"])["visitor_id"]
    assert set(in_sessions.to_pylist()) == visitors
    assert first["gold.revenue_per_minute"] >= 2
    assert {name for state in states for name in state["queries"]} == {"bronze", "silver", "gold"}

    _send(kafka, *events)
    _runner(spark, kafka, tmp_path).drain(states.append)
    bronze = {f"bronze.{topic.name}": len(good_examples(topic)) for topic in TOPICS}
    assert _counts(tmp_path) == {name: count + bronze.get(name, 0) for name, count in first.items()}


def test_streams_go_on_after_everything_was_forgotten_and_rewritten(
    spark: SparkSession, kafka: Kafka, tmp_path: Path
) -> None:
    kafka.fresh_topics()
    lake = ArrowLake(str(tmp_path))
    events = good_examples(CLICKSTREAM)
    _send(kafka, *events)
    _runner(spark, kafka, tmp_path).drain(lambda _: None)
    taken = taken_offsets([lake.checkpoint("bronze"), lake.checkpoint("silver")])
    assert [taken["clickstream"][number] for number in range(4)] == end_offsets(kafka.servers, "clickstream")

    KafkaErasure(kafka.servers).delete_before({("clickstream", each): at for each, at in taken["clickstream"].items()})
    everybody = Subject(frozenset(event["visitor_id"] for event in events))
    for table in PERSONAL_TABLES:
        TableErasure(lake, table).delete_rows(everybody)
        TableErasure(lake, table).delete_files(everybody, SystemClock())
        optimize(lake, table)
    assert _counts(tmp_path)["bronze.clickstream"] == 0

    _send(kafka, events[0], {**events[0], "event_id": "later"})
    _runner(spark, kafka, tmp_path).drain(lambda _: None)
    counts = _counts(tmp_path)
    # An erased event that is sent again is still known, and not counted a second time.
    assert (counts["bronze.clickstream"], counts["silver.clickstream_events"], counts["silver.sessions"]) == (2, 1, 1)


def test_too_many_rejected_messages_stop_the_runner_again_and_again(
    spark: SparkSession, kafka: Kafka, tmp_path: Path
) -> None:
    kafka.fresh_topics()
    _send_raw(kafka, "pos", *[b"{"] * 1000)
    for _ in range(2):  # the offsets were not committed: nothing is drained by starting again
        with pytest.raises(TooManyRejectedError, match="topic pos: 1000 of 1000 messages"):
            _runner(spark, kafka, tmp_path, limit=0.5).drain(lambda _: None)
    assert _counts(tmp_path)["silver.rejected_events"] == 0


def test_without_its_checkpoint_a_table_is_not_filled_again(spark: SparkSession, kafka: Kafka, tmp_path: Path) -> None:
    kafka.fresh_topics()
    _send(kafka, good_examples(POS)[0])
    _runner(spark, kafka, tmp_path).drain(lambda _: None)
    rmtree(tmp_path / "_checkpoints")
    with pytest.raises(
        PermanentError, match=r"(bronze\.pos|silver\.pos_events) has rows, but the checkpoint .* is gone"
    ):
        _runner(spark, kafka, tmp_path).drain(lambda _: None)


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        ("the disk is on fire\nmore", "the disk is on fire"),
        (
            "External: No space left on device (os error 28)",
            r"no space left on the disk of /.* \(\d+\.\d MiB free\): .*",
        ),
    ],
)
def test_any_other_failure_is_one_line_that_names_the_query(
    spark: SparkSession, tmp_path: Path, raised: str, said: str
) -> None:
    def fail(_batch: object) -> None:
        raise ValueError(raised)

    rows = spark.readStream.format("rate").load()
    query = Query("gold.test", rows, fail)
    runner = StreamRunner(ArrowLake(str(tmp_path)), [query], Event())
    with pytest.raises(RetryableError, match=rf"^streaming query gold\.test failed: {said}$"):
        runner.run(0.1, lambda _: None)


def test_a_stop_ends_all_queries_cleanly(spark: SparkSession, tmp_path: Path) -> None:
    stop = Event()
    states: list[State] = []

    def report(state: State) -> None:
        states.append(state)
        if state["ready"] and state["queries"]["gold.test"]:
            stop.set()

    query = Query("gold.test", spark.readStream.format("rate").load(), lambda _batch: None)
    StreamRunner(ArrowLake(str(tmp_path)), [query], stop).run(0.1, report)
    assert spark.streams.active == []
    assert set(states[-1]["queries"]["gold.test"]) == {"batch", "input_rows", "rows_per_s", "at"}


def test_silver_and_gold_made_anew_from_bronze_equal_the_live_ones(
    spark: SparkSession, kafka: Kafka, tmp_path: Path
) -> None:
    kafka.fresh_topics()
    live, anew = tmp_path / "live", tmp_path / "anew"
    events = [event for topic in TOPICS for event in good_examples(topic)]
    for part in (events[::2], events[::3], events[1::2]):  # in three runs, the second brings copies too
        _send(kafka, *part)
        _send_raw(kafka, "pos", b"\xff")
        _runner(spark, kafka, live).drain(lambda _: None)
    optimize(ArrowLake(str(live)), bronze_table(POS))

    lake = ArrowLake(str(anew))
    lake.create_missing()
    around = Surroundings(spark, lake, "", 1.0)
    query = silver_query(around, read_bronze(spark, ArrowLake(str(live))))
    for _ in range(2):
        StreamRunner(lake, [query], Event(), follow_silver(around)).drain(lambda _: None)
    for table in (*CHECKED_TABLES, SILVER_SESSIONS, GOLD_REVENUE_PER_MINUTE):
        # Which of two copies is kept is not fixed, and with it when and where it arrived.
        columns = [name for name in table.column_names if name not in _OF_ARRIVAL]
        assert _sorted(lake, table, columns) == _sorted(ArrowLake(str(live)), table, columns)
    assert lake.count(SILVER_REJECTED_EVENTS) == 3
    _put_in_place(ArrowLake(str(live)), lake)
    before = _counts(live)
    _send(kafka, *events, {**events[0], "event_id": "later"})
    _runner(spark, kafka, live).drain(lambda _: None)
    after = _counts(live)
    in_silver = [table.name for table in CHECKED_TABLES]
    assert sum(after[name] for name in in_silver) == sum(before[name] for name in in_silver) + 1


def _put_in_place(live: ArrowLake, anew: ArrowLake) -> None:
    assert offsets_in_step(live)
    adopt_numbers(live, anew)
    for part in ("silver", "gold", "_checkpoints/gold"):
        rmtree(f"{live.uri}/{part}")
        Path(f"{anew.uri}/{part}").rename(f"{live.uri}/{part}")


_OF_ARRIVAL = ("topic", "partition", "offset", "received_at", "processed_at")


def _sorted(lake: ArrowLake, table: Table, columns: Sequence[str]) -> list[dict[str, Any]]:
    return sorted(lake.read(table, columns).to_pylist(), key=str)
