"""JSON lines and Parquet: the same rows as a CSV file of the same texts, exact, and errors that name the place."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from contracts.errors import InvalidMappingError, InvalidSourceFileError
from data_sources.mapping import Mapping, read_mapping
from data_sources.open_source import open_source
from data_sources.replay import Replayed, replay
from data_sources.replay_preview import preview
from data_sources.source import Source
from tests.unit.test_mapping import ROW, SALE

_TIME = {"column": "ts", "format": "iso", "zone": "UTC"}
_GOOD = b'{"ts": "2026-07-01T10:30:00Z", "session": "v-1", "sku": "p-1", "price": 35.790}'


def _mapping(folder: Path, content: dict[str, Any]) -> Mapping:
    path = folder / "mapping.yaml"
    path.write_text(yaml.safe_dump(content))
    return read_mapping(str(path))


def _opened(folder: Path, content: bytes | pa.Table, mapping: dict[str, Any] | None = None) -> Source:
    # Without an ending: the content says what it is.
    path = folder / "file"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        pq.write_table(content, path, row_group_size=2)
    return open_source(path, _mapping(folder, mapping or {**ROW, "time": _TIME}))


def _replayed(folder: Path, content: bytes | pa.Table, mapping: dict[str, Any] | None = None) -> list[Replayed]:
    source = _opened(folder, content, mapping)
    return list(replay(source, read_mapping(str(folder / "mapping.yaml"))))


def _cells(source: Source) -> list[dict[str, str]]:
    return [dict(zip(source.header(), row.cells, strict=True)) for row in source.rows()]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda content: b"\xef\xbb\xbf" + content])
def test_a_json_object_becomes_an_event_with_its_numbers_as_written(tmp_path: Path, pack: Any) -> None:
    [replayed] = _replayed(tmp_path, pack(_GOOD))
    event = json.loads(replayed.message.value)
    assert (event["visitor_id"], event["product_id"], event["unit_price"]) == ("v-1", "p-1", "35.790")
    assert (event["occurred_at"], replayed.line) == ("2026-07-01T10:30:00Z", 1)


def test_json_keys_may_be_missing_nested_or_null(tmp_path: Path) -> None:
    content = b'{"a": 1, "b": {"c": true, "d": {"e": 1.50}}}\n\n{"f": null, "a": "x\\n", "b": {"c": [1, "2"]}}\n'
    source = _opened(tmp_path, content)
    assert _cells(source) == [
        {"a": "1", "b.c": "true", "b.d.e": "1.50", "f": ""},
        {"a": "x\n", "b.c": '["1", "2"]', "b.d.e": "", "f": ""},
    ]
    assert [row.line for row in source.rows()] == [1, 3]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b'{"ts": "2026', "not a JSON object: Unterminated string"),
        (b'{"price": NaN}', "not a JSON object: NaN is no JSON"),
        (b"[1]", "expected a JSON object"),
        (b'{"ts": "caf\xe9"}', "byte 0xe9 is not utf-8"),
        (b"[" * 100_000, "not a JSON object: "),
        (_GOOD.replace(b"2026-07-01T10", b"yesterday"), "ts is 'yesterday:30:00Z': expected a time as iso"),
        (_GOOD.replace(b"session", b"visitor"), "session has no value that can be used"),
    ],
)
def test_a_bad_line_is_sent_raw_with_its_number(tmp_path: Path, line: bytes, error: str) -> None:
    good, bad, last = _replayed(tmp_path, b"\n".join([_GOOD, line, _GOOD]))
    assert (good.mapping_error, last.mapping_error) == ("", "")
    assert bad.mapping_error.startswith(error)
    assert (bad.line, bad.message.value) == (2, line)
    assert dict(bad.message.headers)["source_line"] == b"2"


def _table(**columns: Any) -> pa.Table:
    good: dict[str, Any] = {
        "ts": pa.array([datetime(2026, 7, 1, 10, 30, tzinfo=UTC)] * 3, pa.timestamp("ns", "Europe/Berlin")),
        "session": ["v-1", "v-2", "v-3"],
        "sku": pa.array(["p-1", "p-2", "p-1"]).dictionary_encode(),
        "price": [Decimal("35.790")] * 3,
    }
    return pa.table(good | columns)


def test_parquet_rows_become_events_with_their_row_number(tmp_path: Path) -> None:
    replayed = _replayed(tmp_path, _table(price=[Decimal("35.790"), None, Decimal("0.100")]))
    events = [json.loads(each.message.value) for each in replayed]
    assert [event["visitor_id"] for event in events] == ["v-1", "v-2", "v-3"]
    assert [event.get("unit_price") for event in events] == ["35.790", None, "0.100"]
    assert {event["occurred_at"] for event in events} == {"2026-07-01T10:30:00Z"}
    assert [each.line for each in replayed] == [1, 2, 3]
    assert len({event["event_id"] for event in events}) == 3


def test_a_second_replay_of_parquet_gives_the_same_messages(tmp_path: Path) -> None:
    assert _replayed(tmp_path, _table()) == _replayed(tmp_path, _table())


def test_parquet_values_are_texts_whatever_their_type(tmp_path: Path) -> None:
    columns = {
        "d": [35.79],
        "i": [7],
        "day": [date(2026, 7, 1)],
        "naive": pa.array([datetime(2026, 7, 1, 10, 30)], pa.timestamp("ms")),  # noqa: DTZ001 - as in the file
        "yes": [True],
        "bytes": [b"x"],
        "list": [["a", "b"]],
        "outer": [{"inner": {"deep": 1}}],
        "none": pa.nulls(1),
    }
    assert _cells(_opened(tmp_path, pa.table(columns))) == [
        {
            "d": "35.79",
            "i": "7",
            "day": "2026-07-01",
            "naive": "2026-07-01 10:30:00.000000",
            "yes": "true",
            "bytes": "x",
            "list": '["a","b"]',
            "outer.inner.deep": "1",
            "none": "",
        }
    ]


def test_a_bad_parquet_row_is_sent_as_json_and_named_by_its_row(tmp_path: Path) -> None:
    source = _opened(tmp_path, _table(session=["v-1", None, "v-3"]))
    messages = list(replay(source, read_mapping(str(tmp_path / "mapping.yaml"))))
    bad = messages[1]
    assert bad.mapping_error == "session has no value that can be used"
    assert json.loads(bad.message.value) == {
        "ts": "2026-07-01 10:30:00.000000Z",
        "session": None,
        "sku": "p-2",
        "price": "35.790",
    }
    lines = list(preview(messages, 0, source.unit))
    assert lines[0] == "rejected, row 2: unmapped_row: session has no value that can be used"


def test_groups_work_in_every_format(tmp_path: Path) -> None:
    mapping = {**SALE, "time": _TIME}
    rows = [
        {"ts": f"2026-07-01T10:3{number}:00Z", "receipt": "r", "sku": "p", "count": 1, "price": "2.50"}
        for number in (1, 0)
    ]
    jsonl = "\n".join(map(json.dumps, rows)).encode()
    header = ",".join(rows[0])
    csv = "\n".join([header, *(",".join(map(str, row.values())) for row in rows)]).encode()
    values = [
        [each.message.value for each in _replayed(tmp_path, content, mapping)]
        for content in (csv, jsonl, pa.Table.from_pylist(rows))
    ]
    assert values[0] == values[1] == values[2]
    assert len(values[0]) == 1


def _damaged(tmp_path: Path) -> bytes:
    pq.write_table(_table(), tmp_path / "good.parquet")
    good = (tmp_path / "good.parquet").read_bytes()
    return good[:20] + bytes(100) + good[120:]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[{"a": 1},\n {"a": 2}]', "is one JSON array: expected one JSON object a line"),
        (b"[\n", "is one JSON array"),
        (b"{}\n", "hold no key: expected a file of JSON objects, one a line"),
        (b"PAR1" + b"x" * 40, "cannot be read as Parquet: "),
        (b'{"a": "' + b"x" * (4 * 1024 * 1024), "line 1 has no end .* expected a file of JSON objects, one a line"),
        (gzip.compress(b"\n".join([_GOOD] * 999), mtime=0)[:-20], "cut short"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InvalidSourceFileError, match=message) as caught:
        _replayed(tmp_path, content)
    assert str(tmp_path / "file") in str(caught.value)


def test_parquet_that_is_damaged_inside_says_after_which_row(tmp_path: Path) -> None:
    with pytest.raises(InvalidSourceFileError, match="is damaged after row 0: ") as caught:
        _replayed(tmp_path, _damaged(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InvalidMappingError, match=r"column 'price' is not there in file: its columns are ts, session"):
        _replayed(tmp_path, _table().drop_columns("price"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSourceFileError, match="no such file"):
        open_source(tmp_path / "missing", _mapping(tmp_path, ROW))
