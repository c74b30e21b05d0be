from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import UnusableAnswerError
from data_sources.connectors.answers import open_answer, record_lines
from data_sources.mapping import read_mapping
from tests.fixtures.connectors import written


@pytest.mark.parametrize(
    ("body", "records", "lines"),
    [
        (b'[{"b": 35.790, "a": 1e2}, {"c": "\xc3\xa4"}]', "", b'{"a":1e2,"b":35.790}\n{"c":"\xc3\xa4"}\n'),
        (b'\xef\xbb\xbf {\n "a": 1\n}', "a", b"1\n"),
        (b'{"a": 1}', "", b'{"a":1}\n'),
        (b'{"data": {"items": [{"a": 1}, 2]}, "next": 2}', "data.items", b'{"a":1}\n2\n'),
        (b'{"data": {"items": []}}', "data.items", b""),
        (b"[]", "", b""),
        (b'{"b": 1, "a": 2}\n{"a": 3}\n', "", b'{"b": 1, "a": 2}\n{"a": 3}\n'),
        (b"a,b\n1,2\n", "", b"a,b\n1,2\n"),
    ],
)
def test_records_are_lines_with_their_numbers_as_written(body: bytes, records: str, lines: bytes) -> None:
    assert record_lines(body, records) == lines


@pytest.mark.parametrize(
    ("body", "records", "message"),
    [
        (b'[{"a": 1}, {"a"', "", "is not JSON: .*line 1 column 16"),
        (b"<html>", "items", "is not JSON: Expecting value"),
        (b'{"a": NaN}', "", "is not JSON: NaN"),
        (b'["\xff"]', "", "is not JSON: .*can't decode byte 0xff"),
        (b"[" * 100_000, "", "is not JSON: "),
        (b'["\\ud800"]', "", "cannot be written as UTF-8"),
        (b'{"data": {"rows": []}}', "data.items", "has no 'data.items' .records.: data has the keys rows"),
        (b"[]", "items", "has no 'items' .records.: it has no object"),
    ],
)
def test_an_answer_that_is_something_else_says_what(body: bytes, records: str, message: str) -> None:
    with pytest.raises(UnusableAnswerError, match=message):
        record_lines(body, records)


def test_in_json_a_column_of_the_mapping_may_be_missing(tmp_path: Path) -> None:
    written(tmp_path)
    mapping = read_mapping(str(tmp_path / "weather_api.yaml"))
    path = tmp_path / "answer"
    path.write_bytes(b'{"station":"s-1","at":"x","more":1}\n')
    source = open_answer(path, mapping)
    assert source.header() == ["station", "at", "more", "air.celsius", "wind"]
    assert [row.cells for row in source.rows()] == [["s-1", "x", "1", "", ""]]
    path.write_bytes(b"station,at\n")
    assert open_answer(path, mapping).header() == ["station", "at"]
