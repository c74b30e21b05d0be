"""Every event that the contract accepts lands in columns with nothing lost; every other message is a rejection."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import to_arrow_schema

from contracts.events import Rejection, load_schema, parse_event
from contracts.tables import Table
from contracts.topics import TOPICS, topic_of
from stream_processing.parsed_messages import parse_batch, parse_message, parse_messages, typed_array
from stream_processing.silver_events import EVENT_TABLES
from tests.integration.stream_rows import START, bronze, collected, good_examples, message

_JSON = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3), st.lists, max_leaves=3)
_ADDRESS = {"partition": 0, "offset": 7}


def _values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:  # noqa: C901, PLR0911 - one line for each kind of schema
    """What a contract's field may hold, whole numbers written as 1.0 among it."""
    if "$ref" in schema:
        return _values(load_schema("common.v1")["$defs"][schema["$ref"].rpartition("/")[2]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("format") == "date-time":
        return _TIMES
    if "pattern" in schema:
        return st.from_regex(re.compile(schema["pattern"], re.ASCII), fullmatch=True)
    if schema["type"] == "string":
        return st.text(min_size=schema.get("minLength", 0), max_size=20)
    if schema["type"] == "integer":
        whole = st.integers(schema["minimum"], schema["maximum"])
        return whole | whole.map(float)
    if schema["type"] == "number":
        return st.floats(schema["minimum"], schema["maximum"])
    if schema["type"] == "boolean":
        return st.booleans()
    if schema["type"] == "array":
        return st.lists(_values(schema["items"]), min_size=1, max_size=3)
    return _objects(schema)


@st.composite
def _objects(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Any]:
    """An object of a contract, with fields that it does not name and that other tables or types may."""
    names = {*schema["required"], *draw(st.sets(st.sampled_from(sorted(schema["properties"]))))}
    known = {name: draw(_values(schema["properties"][name])) for name in names}
    more = draw(
        st.dictionaries(st.sampled_from(["lines", "position", "quantity", "reason", "extra"]), _JSON, max_size=2)
    )
    return {name: value for name, value in more.items() if name not in schema["properties"]} | known


_ZONES = st.one_of(
    st.just("Z"), st.builds("{}{:02d}:{:02d}".format, st.sampled_from("+-"), st.integers(0, 23), st.integers(0, 59))
)
_TIMES = st.builds(
    "{}{}{}".format,
    st.datetimes(datetime.fromisoformat("1900-01-01"), datetime.fromisoformat("2199-12-31T23:59:59")).map(
        lambda time: f"{time:%Y-%m-%dT%H:%M:%S}"
    ),
    st.just("") | st.from_regex(r"\.[0-9]{1,6}", fullmatch=True),
    _ZONES,
)
_EVENTS = st.sampled_from([name for topic in TOPICS for name in topic.event_types]).flatmap(
    lambda name: _objects(load_schema(f"{name}.v1"))
)


def _expected(value: Any, wanted: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_timestamp(wanted):
        return datetime.fromisoformat(value).astimezone(UTC)
    if pa.types.is_decimal(wanted):
        return Decimal(value)
    if pa.types.is_list(wanted):
        return [_expected(each, wanted.value_type) for each in value]
    if pa.types.is_struct(wanted):
        return {field.name: _expected(value.get(field.name), field.type) for field in wanted}
    return value


@pytest.fixture(scope="module")
def arrow_schemas(spark: SparkSession) -> dict[Table, pa.Schema]:
    return {table: parse_messages_schema(spark, topic, table) for topic, table in EVENT_TABLES.items()}


def parse_messages_schema(spark: SparkSession, topic: Any, table: Table) -> pa.Schema:
    return to_arrow_schema(parse_messages(bronze(spark, topic, []), table).schema, timezone="UTC")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(event=_EVENTS)
def test_nothing_of_an_accepted_event_is_lost(arrow_schemas: dict[Table, pa.Schema], event: dict[str, Any]) -> None:
    topic = topic_of(event["event_type"])
    raw = json.dumps(event).encode()
    assert not isinstance(parse_event(raw, topic.name), Rejection)
    fields = parse_message(raw, None, topic.name, **_ADDRESS)
    properties = load_schema(f"{event['event_type']}.v1")["properties"]
    assert properties.keys() <= set(arrow_schemas[EVENT_TABLES[topic]].names)
    for field in arrow_schemas[EVENT_TABLES[topic]]:
        if field.name in properties:
            landed = typed_array([fields.get(field.name)], field.type)[0].as_py()
            assert landed == _expected(event.get(field.name), field.type), field.name
        elif field.name != "sent_by":
            assert fields.get(field.name) is None, f"{field.name} is of no concern to a {event['event_type']}"


@given(
    value=st.binary(max_size=30) | _JSON.map(lambda value: json.dumps(value).encode()),
    headers=st.lists(
        st.tuples(st.sampled_from(["producer", "source_file", "source_line", "x"]), st.none() | st.binary(max_size=5)),
        max_size=6,
    ),
)
def test_any_bytes_become_a_rejection_with_a_reason(value: bytes, headers: list[tuple[str, bytes | None]]) -> None:
    given_headers = [{"key": key, "value": header} for key, header in headers]
    fields = parse_message(value, given_headers, "clickstream", **_ADDRESS)
    assert fields["reason"]
    assert fields["value"] == value
    assert len(fields["rejected_id"]) == 64


def test_a_rejected_row_of_a_file_keeps_its_id_wherever_it_lies() -> None:
    row = {
        "value": b"cut",
        "headers": message(b"", source_file="a.csv", source_line="7", mapping_error="cut")["headers"],
    }
    first = parse_message(**row, topic="clickstream", partition=0, offset=1)
    again = parse_message(**row, topic="clickstream", partition=3, offset=9)
    assert first == again
    assert (first["reason"], first["message"], first["source_file"], first["source_line"]) == (
        "unmapped_row",
        "cut",
        "a.csv",
        7,
    )
    other_line = message(b"", source_file="a.csv", source_line="8", mapping_error="cut")["headers"]
    other = parse_message(b"cut", other_line, "clickstream", 0, 1)
    assert other["rejected_id"] != first["rejected_id"]


def test_a_rejected_message_is_known_by_its_address() -> None:
    ids = {parse_message(b"x", None, "clickstream", partition, 1)["rejected_id"] for partition in (0, 1)}
    assert len(ids) == 2


def test_a_good_event_with_a_mapping_error_is_rejected_all_the_same() -> None:
    good = good_examples(TOPICS[0])[0]
    fields = parse_message(
        json.dumps(good).encode(), message(b"", mapping_error="no id")["headers"], "clickstream", 0, 1
    )
    assert fields["reason"] == "unmapped_row"


def test_the_last_of_repeated_headers_counts() -> None:
    headers = [{"key": "producer", "value": b"a"}, {"key": "producer", "value": b"\xff"}]
    assert parse_message(b"x", headers, "pos", 0, 1)["sent_by"] == "�"


def test_spark_workers_parse_extreme_values(spark: SparkSession) -> None:
    topic, table = next(iter(EVENT_TABLES.items()))
    order = {
        "event_id": "e-1",
        "event_type": "order_placed",
        "schema_version": 1,
        "producer": "web",
        "visitor_id": "v\u0000é",
        "occurred_at": "1900-01-01T00:00:00.5+23:59",
        "order_id": "o",
        "lines": [{"product_id": "p", "quantity": 1e6, "unit_price": "99999999999999.9999"}],
    }
    [row] = collected(parse_messages(bronze(spark, topic, [message(order, producer="api")]), table))
    assert row["occurred_at"] == datetime(1899, 12, 31, 0, 1, 0, 500000, tzinfo=UTC)
    assert row["visitor_id"] == "v\u0000é"
    assert row["lines"][0]["unit_price"] == Decimal("99999999999999.9999")
    assert (row["lines"][0]["quantity"], row["sent_by"], row["received_at"], row["reason"]) == (
        10**6,
        "api",
        START,
        None,
    )


def test_an_empty_batch_stays_empty(arrow_schemas: dict[Table, pa.Schema], spark: SparkSession) -> None:
    topic, table = next(iter(EVENT_TABLES.items()))
    [*batches] = bronze(spark, topic, [message(b"x")]).toArrow().to_batches()
    assert parse_batch(batches[0].slice(0, 0), arrow_schemas[table]).num_rows == 0
