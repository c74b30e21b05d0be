"""Bronze to silver: typed, validated, once each, and the same after any repetition."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree
from threading import Event
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from contracts.errors import PermanentError, RetryableError, TooManyRejectedError
from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_REJECTED_EVENTS, Table, bronze_table
from contracts.topics import CLICKSTREAM, POS, Topic
from data_lake.arrow_lake import ArrowLake
from data_lake.spark_lake import SparkLake, Transaction
from stream_processing.queries import Surroundings, silver_query
from stream_processing.runner import StreamRunner
from stream_processing.silver_events import EVENT_TABLES
from tests.integration.stream_rows import bad_examples, bronze, good_examples, message

_NO_LIMIT = 1.0


class Shop:
    """Bronze of one lake, and silver's query over it."""

    def __init__(self, spark: SparkSession, path: Path) -> None:
        self.arrow = ArrowLake(str(path))
        self.arrow.create_missing()
        self.lake = SparkLake(spark, str(path))

    def land(
        self, topic: Topic, messages: list[dict[str, Any]], first_offset: int = 0, limit: float = _NO_LIMIT
    ) -> None:
        """Append to bronze and run silver's query to its end."""
        rows = bronze(self.lake.spark, topic, messages, first_offset)
        rows.write.format("delta").mode("append").save(self.lake.path(bronze_table(topic)))
        self.run(topic, self.lake, limit)

    def run(self, topic: Topic, lake: SparkLake, limit: float = _NO_LIMIT) -> None:
        query = silver_query(Surroundings(lake, "", limit, lambda _view, _rows: None), topic)
        StreamRunner(lake, [[query]], Event()).drain(lambda _: None)

    def silver(self) -> list[list[dict[str, Any]]]:
        return [
            sorted(self.arrow.read(table).to_pylist(), key=lambda row: row[table.key[0]])
            for table in (*EVENT_TABLES.values(), SILVER_REJECTED_EVENTS)
        ]


class FullDisk(SparkLake):
    """A lake that takes rejected events, and no others."""

    def append(self, table: Table, rows: DataFrame, transaction: Transaction) -> None:
        if table != SILVER_REJECTED_EVENTS:
            raise OSError("no space left on device")
        super().append(table, rows, transaction)


@pytest.fixture
def shop(spark: SparkSession, tmp_path: Path) -> Shop:
    return Shop(spark, tmp_path)


@pytest.mark.parametrize("topic", [CLICKSTREAM, POS], ids=lambda topic: topic.name)
def test_every_example_lands_where_it_belongs_and_a_repetition_changes_nothing(shop: Shop, topic: Topic) -> None:
    good, bad = good_examples(topic), bad_examples(topic)
    in_file = {"source_file": "a.csv", "source_line": "1"}
    messages = [message(event, producer="api") for event in good]
    messages += [message(each["event"], **in_file) for each in bad]
    shop.land(topic, messages)
    first = shop.silver()
    found = shop.arrow.read(EVENT_TABLES[topic], ["event_id"])["event_id"].to_pylist()
    assert sorted(found) == sorted(event["event_id"] for event in good)
    rejected = shop.arrow.read(SILVER_REJECTED_EVENTS, ["reason", "field"]).to_pylist()
    key = lambda row: (row["reason"], row["field"])  # noqa: E731
    assert sorted(map(key, rejected)) == sorted(map(key, bad))

    shop.land(topic, messages, first_offset=1000)
    assert shop.silver() == first


def test_the_first_arrival_of_an_id_wins(shop: Shop) -> None:
    viewed = good_examples(CLICKSTREAM)[0]
    others = [viewed | {"visitor_id": f"v-{number}"} for number in range(3)]
    shop.land(CLICKSTREAM, [message(others[0])] * 2, first_offset=5)
    shop.land(CLICKSTREAM, [message(others[1]), message(others[2])])
    [row] = shop.arrow.read(SILVER_CLICKSTREAM_EVENTS).to_pylist()
    assert (row["visitor_id"], row["event_id"]) == ("v-0", viewed["event_id"])


def test_a_batch_cut_between_its_writes_is_completed_by_its_repetition(shop: Shop, tmp_path: Path) -> None:
    good, bad = message(good_examples(CLICKSTREAM)[0]), message(b"cut")
    enough_space, shop.lake = shop.lake, FullDisk(shop.lake.spark, str(tmp_path))
    with pytest.raises(RetryableError, match=r"silver\.clickstream_events failed: no space left on device"):
        shop.land(CLICKSTREAM, [bad, good])
    assert [len(rows) for rows in shop.silver()] == [0, 0, 1]
    shop.run(CLICKSTREAM, enough_space)
    assert [len(rows) for rows in shop.silver()] == [1, 0, 1]


def test_a_second_replay_of_a_file_adds_no_rejections(shop: Shop) -> None:
    rows = [message(b"cut", source_file="a.csv", source_line=str(number), mapping_error="cut") for number in (1, 2)]
    shop.land(CLICKSTREAM, rows)
    shop.land(CLICKSTREAM, [*rows, rows[0]], first_offset=100)
    table = shop.arrow.read(SILVER_REJECTED_EVENTS)
    assert sorted(table["source_line"].to_pylist()) == [1, 2]
    assert set(table["reason"].to_pylist()) == {"unmapped_row"}


def test_too_many_rejected_messages_stop_the_stream_before_it_writes(shop: Shop) -> None:
    good = good_examples(POS)[0]
    messages = [message(good | {"event_id": str(number)}) for number in range(499)] + [message(b"{")] * 501
    with pytest.raises(
        TooManyRejectedError, match=r"topic pos: 501 of 1000 .* 50% .* not_json; .* partition 0 offset 499: "
    ):
        shop.land(POS, messages, limit=0.5)
    assert shop.silver() == [[], [], []]


def test_at_the_limit_or_in_a_small_batch_the_stream_goes_on(shop: Shop) -> None:
    good = good_examples(POS)[0]
    half = [message(good | {"event_id": str(number)}) for number in range(500)] + [message(b"{")] * 500
    shop.land(POS, half, limit=0.5)
    shop.land(POS, [message(b"{")] * 3, first_offset=1000, limit=0.1)
    assert shop.arrow.count(SILVER_REJECTED_EVENTS) == 503


def test_without_its_checkpoint_a_table_is_not_filled_again(shop: Shop, tmp_path: Path) -> None:
    shop.land(CLICKSTREAM, [message(good_examples(CLICKSTREAM)[0])])
    rmtree(tmp_path / "_checkpoints")
    with pytest.raises(PermanentError, match=r"silver\.clickstream_events holds 1 rows, but .* is gone"):
        shop.run(CLICKSTREAM, shop.lake)
