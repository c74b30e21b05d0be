"""Bronze to silver: typed, validated, once each, and the same after any repetition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from contracts.errors import TooManyRejectedError
from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_REJECTED_EVENTS
from contracts.topics import CLICKSTREAM, POS, PROMOTIONS, Topic
from data_lake.arrow_lake import ArrowLake
from data_lake.spark_lake import SparkLake
from stream_processing.silver_events import EVENT_TABLES, land_batch, parsed_rows
from tests.integration.stream_rows import bad_examples, bronze, good_examples, message

_NO_LIMIT = 1.0
# Of every kind of column one; all topics land in test_stream_runner.py.
_LANDED = (CLICKSTREAM, POS, PROMOTIONS)
_TABLES = (*(EVENT_TABLES[topic] for topic in _LANDED), SILVER_REJECTED_EVENTS)


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> SparkLake:
    lake = SparkLake(spark, str(tmp_path))
    lake.create_missing(_TABLES)
    return lake


def _land(
    lake: SparkLake, topic: Topic, messages: list[dict[str, Any]], first_offset: int = 0, limit: float = _NO_LIMIT
) -> None:
    table = EVENT_TABLES[topic]
    parsed = parsed_rows(bronze(lake.spark, topic, messages, first_offset), table)
    land_batch(parsed, table, lake, limit)


def _versions(lake: SparkLake) -> list[list[dict[str, Any]]]:
    arrow = ArrowLake(lake.uri)
    return [sorted(arrow.read(table).to_pylist(), key=lambda row: row[table.key[0]]) for table in _TABLES]


@pytest.mark.parametrize("topic", _LANDED, ids=lambda topic: topic.name)
def test_every_example_lands_where_it_belongs_and_a_repetition_changes_nothing(lake: SparkLake, topic: Topic) -> None:
    good, bad = good_examples(topic), bad_examples(topic)
    messages = [message(event, producer="api") for event in good] + [message(each["event"]) for each in bad]
    _land(lake, topic, messages)
    first = _versions(lake)
    arrow = ArrowLake(lake.uri)
    assert set(arrow.read(EVENT_TABLES[topic], ["event_id"])["event_id"].to_pylist()) == {e["event_id"] for e in good}
    rejected = arrow.read(SILVER_REJECTED_EVENTS, ["reason", "field"]).to_pylist()
    key = lambda row: (row["reason"], row["field"])  # noqa: E731
    assert sorted(map(key, rejected)) == sorted(map(key, bad))

    _land(lake, topic, messages)
    assert _versions(lake) == first


def test_the_first_arrival_of_an_id_wins_within_a_batch_and_across(lake: SparkLake) -> None:
    viewed = good_examples(CLICKSTREAM)[0]
    others = [viewed | {"visitor_id": f"v-{number}"} for number in range(3)]
    _land(lake, CLICKSTREAM, [message(others[0]), message(others[1])], first_offset=5)
    _land(lake, CLICKSTREAM, [message(others[2])])
    [row] = ArrowLake(lake.uri).read(SILVER_CLICKSTREAM_EVENTS).to_pylist()
    assert (row["visitor_id"], row["offset"]) == ("v-0", 5)


def test_a_batch_cut_between_its_writes_is_completed_by_its_repetition(lake: SparkLake) -> None:
    good, bad = message(good_examples(CLICKSTREAM)[0]), message(b"cut")
    _land(lake, CLICKSTREAM, [bad])  # what kill -9 left: the rejected half only
    _land(lake, CLICKSTREAM, [bad, good])
    arrow = ArrowLake(lake.uri)
    assert [arrow.count(table) for table in (SILVER_REJECTED_EVENTS, SILVER_CLICKSTREAM_EVENTS)] == [1, 1]


def test_a_second_replay_of_a_file_adds_no_rejections(lake: SparkLake) -> None:
    rows = [message(b"cut", source_file="a.csv", source_line=str(number), mapping_error="cut") for number in (1, 2)]
    _land(lake, CLICKSTREAM, rows)
    _land(lake, CLICKSTREAM, [*rows, rows[0]], first_offset=100)
    table = ArrowLake(lake.uri).read(SILVER_REJECTED_EVENTS)
    assert sorted(table["source_line"].to_pylist()) == [1, 2]
    assert set(table["reason"].to_pylist()) == {"unmapped_row"}


def test_too_many_rejected_messages_stop_the_stream_before_it_writes(lake: SparkLake) -> None:
    good = good_examples(POS)[0]
    messages = [message(good | {"event_id": str(number)}) for number in range(499)] + [message(b"{")] * 501
    with pytest.raises(
        TooManyRejectedError, match=r"topic pos: 501 of 1000 .* 50% .* not_json; .* partition 0 offset 499: "
    ):
        _land(lake, POS, messages, limit=0.5)
    assert not any(_versions(lake))


def test_at_the_limit_or_in_a_small_batch_the_stream_goes_on(lake: SparkLake) -> None:
    good = good_examples(POS)[0]
    half = [message(good | {"event_id": str(number)}) for number in range(500)] + [message(b"{")] * 500
    _land(lake, POS, half, limit=0.5)
    _land(lake, POS, [message(b"{")] * 3, first_offset=1000, limit=0.1)
    assert ArrowLake(lake.uri).count(SILVER_REJECTED_EVENTS) == 503
