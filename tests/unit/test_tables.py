from __future__ import annotations

import re

import pytest

from contracts import TABLES, TOPICS, Table, table_named, topic_of
from contracts.errors import UnknownNameError
from contracts.tables import EVENT_TABLES, SILVER_REJECTED_EVENTS


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_tables_are_named_by_layer_and_have_a_key_of_their_columns(table: Table) -> None:
    assert re.fullmatch(r"(bronze|silver|gold)\.[a-z_]+", table.name)
    assert table.layer == table.name.split(".")[0]
    assert table.key
    assert set(table.key) <= set(table.column_names)
    assert len(set(table.column_names)) == len(table.columns)
    assert table.grain


def test_money_has_at_least_three_places() -> None:
    for table in TABLES:
        for column in table.columns:
            for scale in re.findall(r"unit_price:decimal\(\d+,(\d+)\)", column.type):
                assert int(scale) >= 3


def test_every_topic_has_a_bronze_table() -> None:
    assert {f"bronze.{topic.name}" for topic in TOPICS} <= {table.name for table in TABLES}


def test_an_unknown_table_is_named_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown table 'gold\.x': expected one of bronze\.clickstream"):
        table_named("gold.x")


def test_an_unknown_event_type_is_named_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="unknown event type 'x': expected one of campaign_planned"):
        topic_of("x")


def test_event_tables_share_no_column_with_rejected_events_but_the_message_itself() -> None:
    shared = {"topic", "partition", "offset", "received_at", "processed_at", "sent_by"}
    assert tuple(EVENT_TABLES) == TOPICS
    for table in EVENT_TABLES.values():
        assert set(table.column_names) & set(SILVER_REJECTED_EVENTS.column_names) == shared, table.name
