"""The demo's books: each term counted where it happens, and only for the demo's own sources."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from contracts.topics import CLICKSTREAM
from deployment.demo.counts import count_accepted, count_duplicates, count_rejected, count_valid_ids

_BRONZE = pa.schema(
    [
        ("topic", pa.string()),
        ("value", pa.binary()),
        ("headers", pa.list_(pa.struct([("key", pa.string()), ("value", pa.binary())]))),
    ]
)


def _event(event_id: str) -> bytes:
    event = {
        "event_id": event_id,
        "event_type": "page_viewed",
        "schema_version": 1,
        "occurred_at": "2026-11-20T10:00:00Z",
        "producer": "shop",
        "visitor_id": "v-1",
        "page_url": "/",
    }
    return json.dumps(event).encode()


def _message(value: bytes | None, sent_by: str | None = "simulator", **headers: bytes) -> dict[str, Any]:
    named = headers if sent_by is None else {"producer": sent_by.encode(), **headers}
    pairs = [{"key": key, "value": header} for key, header in named.items()]
    return {"topic": CLICKSTREAM.name, "value": value, "headers": pairs or None}


def _bronze(*messages: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(messages), _BRONZE)


def test_valid_ids_leave_out_what_is_no_event_of_the_sources() -> None:
    bronze = _bronze(
        _message(_event("a")),
        _message(_event("a")),
        _message(_event("b"), sent_by="api"),
        _message(_event("c"), sent_by=None),
        _message(_event("d"), mapping_error=b"no price"),
        _message(b"{"),
        _message(None),
    )
    seen = count_valid_ids([bronze, _bronze(_message(_event("a")), _message(_event("e")))], {"simulator"})
    assert seen == {"a": 3, "e": 1}
    assert count_duplicates(seen) == 2


@given(st.lists(st.sampled_from(["a", "b", "c", "d"])))
def test_distinct_and_duplicates_make_up_all_valid_messages(ids: list[str]) -> None:
    seen = count_valid_ids([_bronze(*(_message(_event(event_id)) for event_id in ids))], {"simulator"})
    assert len(seen) + count_duplicates(seen) == len(ids)


def _silver(**rows: str) -> pa.Table:
    return pa.table({"event_id": list(rows), "sent_by": list(rows.values())})


def test_accepted_are_distinct_ids_of_the_sources_over_both_tables() -> None:
    clickstream, pos = _silver(a="simulator", b="api", c="replay:rees46"), _silver(d="simulator", a="simulator")
    assert count_accepted([clickstream, pos], {"simulator"}) == 2
    assert count_accepted([clickstream, pos], {"simulator", "replay:rees46"}) == 3
    assert count_accepted([clickstream.slice(0, 0), pos.slice(0, 0)], {"simulator"}) == 0


def test_rejected_are_counted_by_reason() -> None:
    rejected = pa.table(
        {
            "reason": ["not_json", "wrong_type", "not_json", "not_json"],
            "sent_by": ["simulator", "simulator", "simulator", "api"],
        }
    )
    assert count_rejected(rejected, {"simulator"}) == {"not_json": 2, "wrong_type": 1}
