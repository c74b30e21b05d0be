"""Checked messages to silver: typed, or rejected with a reason, and the same after any repetition."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from contracts.errors import TooManyRejectedError
from contracts.tables import CHECKED_TABLES, EVENT_TABLES, SILVER_REJECTED_EVENTS, Table
from contracts.topics import CLICKSTREAM, POS, TOPICS, Topic
from data_lake.arrow_lake import ArrowLake, Transaction
from stream_processing.micro_batch import MicroBatch
from stream_processing.silver import land_silver
from tests.fixtures.messages import RECEIVED_AT, bad_examples, checked, good_examples, message

_TABLES = CHECKED_TABLES
_NO_LIMIT = 1.0


class FullDisk(ArrowLake):
    """A lake that takes rejected events, and no others."""

    def append(self, table: Table, rows: pa.Table, transaction: Transaction | None = None) -> None:
        if table != SILVER_REJECTED_EVENTS:
            raise OSError("no space left on device")
        super().append(table, rows, transaction)


@pytest.fixture
def lake(tmp_path: Path) -> ArrowLake:
    lake = ArrowLake(str(tmp_path))
    lake.create_missing(_TABLES)
    return lake


def _batch(number: int, *tables: pa.Table) -> MicroBatch:
    return MicroBatch(pa.concat_tables(tables), Transaction("silver", number))


def _counts(lake: ArrowLake) -> dict[str, int]:
    """Count the rows of the tables that have some."""
    return {table.name: rows for table in _TABLES if (rows := lake.count(table))}


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_example_lands_where_it_belongs(lake: ArrowLake, topic: Topic) -> None:
    good, bad = good_examples(topic), bad_examples(topic)
    sent = [message(event, producer="api") for event in good] + [message(each["event"]) for each in bad]
    land_silver(_batch(0, checked(topic, sent)), lake, _NO_LIMIT)
    landed = lake.read(EVENT_TABLES[topic])
    assert set(landed["event_id"].to_pylist()) == {event["event_id"] for event in good}
    assert set(landed["sent_by"].to_pylist()) == {"api"}
    rejected = lake.read(SILVER_REJECTED_EVENTS, ["reason", "field"]).to_pylist()
    key = lambda row: (row["reason"], row["field"])  # noqa: E731
    assert sorted(map(key, rejected)) == sorted(map(key, bad))


def test_a_repeated_batch_writes_nothing(lake: ArrowLake) -> None:
    batch = _batch(3, *(checked(topic, map(message, [*good_examples(topic), "bad"])) for topic in TOPICS))
    land_silver(batch, lake, _NO_LIMIT)
    counts = _counts(lake)
    land_silver(batch, lake, _NO_LIMIT)
    good = {EVENT_TABLES[topic].name: len(good_examples(topic)) for topic in TOPICS}
    assert _counts(lake) == counts == good | {"silver.rejected_events": len(TOPICS)}


def test_a_batch_cut_between_its_writes_is_completed_by_its_repetition(lake: ArrowLake) -> None:
    batch = _batch(0, checked(CLICKSTREAM, [message(b"cut"), message(good_examples(CLICKSTREAM)[0])]))
    with pytest.raises(OSError, match="no space left"):
        land_silver(batch, FullDisk(lake.uri), _NO_LIMIT)
    assert _counts(lake) == {"silver.rejected_events": 1}
    land_silver(batch, lake, _NO_LIMIT)
    assert _counts(lake) == {"silver.rejected_events": 1, "silver.clickstream_events": 1}


def test_a_clock_that_was_set_back_leaves_processed_at_growing(lake: ArrowLake) -> None:
    events = good_examples(POS)[:2]
    for number, each in enumerate(events):
        land_silver(_batch(number, checked(POS, [message(each)])), lake, _NO_LIMIT)
    first, second = sorted(lake.read(EVENT_TABLES[POS], ["processed_at"])["processed_at"].to_pylist())
    assert (first, second - first) == (RECEIVED_AT, timedelta(milliseconds=1))


def test_too_many_rejected_messages_of_a_topic_are_an_error_before_anything_is_written(lake: ArrowLake) -> None:
    good = message(good_examples(POS)[0])
    other = checked(CLICKSTREAM, [message(good_examples(CLICKSTREAM)[0])] * 2000)
    pos = checked(POS, [good] * 499 + [message(b"{")] * 501)
    with pytest.raises(
        TooManyRejectedError, match=r"topic pos: 501 of 1000 .* 50% .* not_json; .* partition 0 offset 499: "
    ):
        land_silver(_batch(0, other, pos), lake, max_rejected_ratio=0.5)
    assert _counts(lake) == {}


@pytest.mark.parametrize(("good", "bad", "limit"), [(500, 500, 0.5), (0, 999, 0.1)])
def test_at_the_limit_or_in_a_small_batch_the_stream_goes_on(
    lake: ArrowLake, good: int, bad: int, limit: float
) -> None:
    sent: list[dict[str, Any]] = [message(good_examples(POS)[0])] * good + [message(b"{")] * bad
    land_silver(_batch(0, checked(POS, sent)), lake, limit)
    assert lake.count(SILVER_REJECTED_EVENTS) == bad
