"""Every event that the contract accepts lands in columns with nothing lost; every other message is a rejection."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.events import Rejection, load_schema, parse_event
from contracts.tables import EVENT_TABLES
from contracts.topics import CLICKSTREAM, TOPICS, topic_of
from data_lake.schemas import arrow_schema
from stream_processing.checked_messages import check_batch
from stream_processing.message_check import check_message
from stream_processing.typed_events import typed_events
from tests.fixtures.messages import RECEIVED_AT, checked, good_examples, message, raw_batch

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
        above = schema.get("exclusiveMinimum")
        least = schema["minimum"] if above is None else above
        return st.floats(least, schema["maximum"], exclude_min=above is not None)
    if schema["type"] == "boolean":
        return st.booleans()
    if schema["type"] == "array":
        return st.lists(_values(schema["items"]), min_size=1, max_size=3, unique=schema.get("uniqueItems", False))
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
_EVENTS = (
    st.sampled_from([name for topic in TOPICS for name in topic.event_types])
    .flatmap(lambda name: _objects(load_schema(f"{name}.v1")))
    .filter(
        lambda event: (
            not isinstance(parse_event(json.dumps(event).encode(), topic_of(event["event_type"]).name), Rejection)
        )
    )
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


@settings(max_examples=150, derandomize=True, suppress_health_check=list(HealthCheck))
@given(event=_EVENTS)
def test_nothing_of_an_accepted_event_is_lost(event: dict[str, Any]) -> None:
    topic = topic_of(event["event_type"])
    messages = checked(topic, [message(event)])
    assert messages.select(["reason", "id"]).to_pylist() == [{"reason": None, "id": event["event_id"]}]
    [landed] = typed_events(messages, EVENT_TABLES[topic]).to_pylist()
    properties = load_schema(f"{event['event_type']}.v1")["properties"]
    assert properties.keys() <= set(EVENT_TABLES[topic].column_names)
    for field in arrow_schema(EVENT_TABLES[topic]):
        if field.name in properties:
            assert landed[field.name] == _expected(event.get(field.name), field.type), field.name
        elif field.name not in messages.column_names:
            assert landed[field.name] is None, f"{field.name} is of no concern to a {event['event_type']}"


@given(
    value=st.binary(max_size=30) | _JSON.map(lambda value: json.dumps(value).encode()),
    headers=st.lists(
        st.tuples(st.sampled_from(["producer", "source_file", "source_line", "x"]), st.none() | st.binary(max_size=5)),
        max_size=6,
    ),
)
def test_any_bytes_become_a_rejection_with_a_reason(value: bytes, headers: list[tuple[str, bytes | None]]) -> None:
    given_headers = [{"key": key, "value": header} for key, header in headers]
    fields = check_message(value, given_headers, "clickstream", **_ADDRESS)
    assert fields["reason"]
    assert len(fields["id"]) == 64


def test_a_rejected_row_of_a_file_keeps_its_id_wherever_it_lies() -> None:
    row = {
        "value": b"cut",
        "headers": message(b"", source_file="a.csv", source_line="7", mapping_error="cut")["headers"],
    }
    first = check_message(**row, topic="clickstream", partition=0, offset=1)
    again = check_message(**row, topic="clickstream", partition=3, offset=9)
    assert first == again
    assert (first["reason"], first["message"], first["source_file"], first["source_line"]) == (
        "unmapped_row",
        "cut",
        "a.csv",
        7,
    )
    other_line = message(b"", source_file="a.csv", source_line="8", mapping_error="cut")["headers"]
    other = check_message(b"cut", other_line, "clickstream", 0, 1)
    assert other["id"] != first["id"]


def test_a_rejected_message_is_known_by_its_address() -> None:
    ids = {check_message(b"x", None, "clickstream", partition, 1)["id"] for partition in (0, 1)}
    assert len(ids) == 2


def test_a_good_event_with_a_mapping_error_is_rejected_all_the_same() -> None:
    good = good_examples(TOPICS[0])[0]
    fields = check_message(
        json.dumps(good).encode(), message(b"", mapping_error="no id")["headers"], "clickstream", 0, 1
    )
    assert fields["reason"] == "unmapped_row"


def test_the_last_of_repeated_headers_counts() -> None:
    headers = [{"key": "producer", "value": b"a"}, {"key": "producer", "value": b"\xff"}]
    assert check_message(b"x", headers, "pos", 0, 1)["sent_by"] == "�"


def test_extreme_values_are_kept() -> None:
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
    messages = checked(CLICKSTREAM, [message(order, producer="api")])
    assert messages["reason"].to_pylist() == [None]
    [row] = typed_events(messages, EVENT_TABLES[CLICKSTREAM]).to_pylist()
    assert row["occurred_at"] == datetime(1899, 12, 31, 0, 1, 0, 500000, tzinfo=UTC)
    assert row["visitor_id"] == "v\u0000é"
    assert row["lines"][0]["unit_price"] == Decimal("99999999999999.9999")
    assert (row["lines"][0]["quantity"], row["sent_by"], row["received_at"]) == (10**6, "api", RECEIVED_AT)


def test_an_empty_batch_stays_empty() -> None:
    assert check_batch(raw_batch(CLICKSTREAM, [])).num_rows == 0
