"""Whose an event or a message is: by its ids where it is an event, by whole words where it is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.topics import CLICKSTREAM
from data_lake.care.naming import Subject
from stream_processing.taken_offsets import taken_offsets
from tests.fixtures.personal_lake import viewed

ANN = Subject(frozenset({"7", "v-7"}))


def _owns(value: bytes, key: bytes | None = None) -> bool:
    return ANN.owns_message(value, CLICKSTREAM.name, key)


def test_an_event_belongs_to_its_visitor_and_its_customer_only() -> None:
    event = viewed(1, "v-1", "c-1") | {"page_url": "/products/7?by=v-7"}
    assert not _owns(json.dumps(event).encode())
    assert _owns(json.dumps(event | {"customer_id": "7"}).encode())
    escaped = json.dumps(viewed(1, "v-9", None)).encode().replace(b"v-9", b"\\u0076-9")
    assert Subject(frozenset({"v-9"})).owns_message(escaped, CLICKSTREAM.name, None)
    assert not _owns(json.dumps(event).encode(), key=b"7")


@pytest.mark.parametrize(
    ("value", "owned"),
    [
        (b"{visitor:v-7}", True),
        (b'{"visitor_id": "v-7"}', True),
        (b"v-7,product_viewed", True),
        (b"seen: v-7.", True),
        (b"v-77 v-7-x xv-7 v-7.5 77", False),
        (b"\xff7\xfe", True),
        (b"", False),
    ],
)
def test_what_is_no_event_belongs_to_whom_it_names_as_a_whole_word(value: bytes, owned: bool) -> None:
    assert _owns(value) is owned
    assert _owns(value, key=b"v-7")


def _checkpoint(path: Path, batches: dict[int, dict[str, dict[str, int]]], committed: int | None) -> str:
    for name in ("offsets", "commits"):
        (path / name).mkdir(parents=True)
    for number, ends in batches.items():
        (path / "offsets" / str(number)).write_text(f"v1\n{{}}\n{json.dumps(ends)}")
        if committed is not None and number <= committed:
            (path / "commits" / str(number)).write_text("v1\n{}")
    (path / "commits" / ".10.crc").touch()
    return str(path)


def test_taken_is_what_every_query_has_committed(tmp_path: Path) -> None:
    ahead = _checkpoint(tmp_path / "a", {9: {"t": {"0": 5, "1": 7}}, 10: {"t": {"0": 9, "1": 7}}}, committed=10)
    behind = _checkpoint(tmp_path / "b", {9: {"t": {"0": 4, "1": 8}}, 10: {"t": {"0": 9, "1": 9}}}, committed=9)
    assert taken_offsets([ahead, behind]) == {"t": {0: 4, 1: 7}}


def test_nothing_is_taken_before_the_first_commit_of_each(tmp_path: Path) -> None:
    ahead = _checkpoint(tmp_path / "a", {0: {"t": {"0": 5}}}, committed=0)
    fresh = _checkpoint(tmp_path / "b", {0: {"t": {"0": 5}}}, committed=None)
    assert taken_offsets([ahead, fresh]) == taken_offsets([str(tmp_path / "none"), ahead]) == {}
