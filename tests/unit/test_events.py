from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import TOPICS, Reason, Rejection, check_event, parse_event, topic_of
from contracts.events import load_schema, validator

EXAMPLES = Path(__file__).parents[2] / "contracts" / "examples"
EVENT_TYPES = [event_type for topic in TOPICS for event_type in topic.event_types]

PAGE_VIEWED = {
    "event_id": "e-1",
    "event_type": "page_viewed",
    "schema_version": 1,
    "occurred_at": "2026-11-21T10:15:30Z",
    "producer": "web",
    "visitor_id": "v-1",
    "page_url": "/",
}


def _examples(kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(e, row) for e in EVENT_TYPES for row in json.loads((EXAMPLES / f"{e}.v1.{kind}.json").read_text())]


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_every_event_type_has_a_described_schema(event_type: str) -> None:
    schema = load_schema(f"{event_type}.v1")
    assert schema["title"] == event_type.title().replace("_", "")
    assert schema["description"].endswith(".")
    assert schema["properties"]["event_type"]["const"] == event_type


@pytest.mark.parametrize(("event_type", "event"), _examples("good"))
def test_good_examples_are_accepted(event_type: str, event: dict[str, Any]) -> None:
    assert parse_event(json.dumps(event).encode(), topic_of(event_type).name) == event


@pytest.mark.parametrize(("event_type", "row"), _examples("bad"))
def test_bad_examples_are_rejected_with_reason_and_field(event_type: str, row: dict[str, Any]) -> None:
    rejection = parse_event(json.dumps(row["event"]).encode(), topic_of(event_type).name)
    assert isinstance(rejection, Rejection)
    assert (rejection.reason, rejection.field) == (row["reason"], row["field"])
    assert row["field"] in rejection.message


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (None, Reason.NOT_JSON),
        (b"", Reason.NOT_JSON),
        (b"\xff\xfe", Reason.NOT_JSON),
        (b'{"event_type": "page_viewed"', Reason.NOT_JSON),
        (b"{} trailing", Reason.NOT_JSON),
        (b'{"results_count": NaN}', Reason.NOT_JSON),
        (b'{"quantity": 1e400}', Reason.NOT_JSON),
        (b"[]", Reason.NOT_AN_OBJECT),
        (b"7", Reason.NOT_AN_OBJECT),
        (b"{}", Reason.MISSING_FIELD),
        (b'{"event_type": "page_viewed"}', Reason.MISSING_FIELD),
        (b'{"event_type": "Page", "schema_version": 1}', Reason.UNKNOWN_EVENT_TYPE),
        (b'{"event_type": ["page_viewed"], "schema_version": 1}', Reason.UNKNOWN_EVENT_TYPE),
        (b'{"event_type": "page_viewed", "schema_version": 2}', Reason.UNKNOWN_SCHEMA_VERSION),
        (b'{"event_type": "page_viewed", "schema_version": true}', Reason.UNKNOWN_SCHEMA_VERSION),
        (b'{"event_type": "page_viewed", "schema_version": "1"}', Reason.UNKNOWN_SCHEMA_VERSION),
    ],
)
def test_what_is_no_event_is_rejected_by_name(raw: bytes | None, reason: Reason) -> None:
    rejection = parse_event(raw, "clickstream")
    assert isinstance(rejection, Rejection)
    assert rejection.reason == reason


def test_an_event_on_the_wrong_topic_is_rejected() -> None:
    rejection = check_event(PAGE_VIEWED, "pos")
    assert isinstance(rejection, Rejection)
    assert rejection.message == "event_type page_viewed belongs on topic clickstream, not pos"


def test_the_message_names_the_field_the_value_and_what_was_expected() -> None:
    rejection = check_event({**PAGE_VIEWED, "country": "Germany"})
    expected = 'country is "Germany": expected two capital letters (ISO 3166-1)'
    assert rejection == Rejection(Reason.INVALID_VALUE, "country", expected)


def test_a_nested_violation_says_what_the_inner_field_expects() -> None:
    line = {"product_id": "p", "quantity": 1, "unit_price": "-3.00"}
    order = {**PAGE_VIEWED, "event_type": "order_placed", "order_id": "o", "lines": [line]}
    rejection = check_event(order)
    assert isinstance(rejection, Rejection)
    assert rejection.message.startswith('lines/0/unit_price is "-3.00": expected a decimal text, 0 or more')


def test_unknown_fields_are_kept_for_readers_that_know_them() -> None:
    assert check_event({**PAGE_VIEWED, "colour": "blue"}) == {**PAGE_VIEWED, "colour": "blue"}


@pytest.mark.parametrize(
    "text", ["2026-02-30T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T23:59:60Z", "0001-01-01T00:00:00Z"]
)
def test_times_that_no_table_can_hold_are_rejected(text: str) -> None:
    assert isinstance(check_event({**PAGE_VIEWED, "occurred_at": text}), Rejection)


@pytest.mark.parametrize("depth", [255, 256, 300, 1000, 1023, 2000])
@pytest.mark.parametrize("field", [None, "producer", "unknown", "event_type"])
def test_what_nests_too_deep_is_rejected(field: str | None, depth: int) -> None:
    nest = b"[" * depth + b"]" * depth
    event = json.dumps({**PAGE_VIEWED, field: "here"} if field else "here").encode()
    rejection = parse_event(event.replace(b'"here"', nest), "clickstream")
    assert isinstance(rejection, Rejection)
    assert rejection.reason in {Reason.INVALID_VALUE, Reason.NOT_JSON}


def test_an_event_may_nest_254_levels() -> None:
    nests = {levels: b"[" * levels + b"]" * levels for levels in (253, 254)}
    raw = json.dumps({**PAGE_VIEWED, "unknown": "here"}).encode()
    assert isinstance(parse_event(raw.replace(b'"here"', nests[253]), "clickstream"), dict)
    assert isinstance(parse_event(raw.replace(b'"here"', nests[254]), "clickstream"), Rejection)


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    assert isinstance(parse_event(raw, "clickstream"), Rejection)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted({*PAGE_VIEWED, "customer_id", "device"})), JSON)
def test_any_value_in_any_field_is_an_event_or_a_rejection_that_names_the_field(field: str, value: object) -> None:
    outcome = check_event({**PAGE_VIEWED, field: value})
    assert (
        isinstance(outcome, dict)
        or outcome.field.split("/")[0] in {field, "page_url", "order_id"}
        or field == "event_type"
    )


def test_compiled_schemas_are_reused() -> None:
    assert validator("page_viewed", 1) is validator("page_viewed", 1)
