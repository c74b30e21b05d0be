from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import InvalidSourceFileError
from data_sources.source import SourceRow
from data_sources.source_file import SourceFile

CELLS = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=8), min_size=2, max_size=2)


def rows_of(path: Path, content: bytes, **options: str) -> list[SourceRow]:
    path.write_bytes(content)
    return list(SourceFile(path, **options).rows())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.csv"


def test_rows_have_their_line_and_their_exact_bytes(path: Path) -> None:
    rows = rows_of(path, b'a,b\n1,2\n\n"x ""y""",4\n')
    assert rows == [SourceRow(2, b"1,2", ["1", "2"]), SourceRow(4, b'"x ""y""",4', ['x "y"', "4"])]


def test_crlf_and_bom_and_a_missing_last_line_end_are_survived(path: Path) -> None:
    rows = rows_of(path, b"\xef\xbb\xbfa,b\r\n1,2\r\n3,4")
    assert SourceFile(path).header() == ["a", "b"]
    assert [(row.line, row.raw) for row in rows] == [(2, b"1,2"), (3, b"3,4")]


def test_a_line_end_inside_quotes_belongs_to_the_row(path: Path) -> None:
    rows = rows_of(path, b'a,b\n1,"one\r\ntwo\n"\n3,4\n')
    assert rows[0] == SourceRow(2, b'1,"one\r\ntwo\n"', ["1", "one\r\ntwo\n"])
    assert rows[1] == SourceRow(5, b"3,4", ["3", "4"])


def test_a_quote_that_is_never_closed_costs_one_line_only(path: Path) -> None:
    rows = rows_of(path, b'a,b\n1,"open\n3,4\n5,"6"\n')
    assert rows[0] == SourceRow(2, b'1,"open', [], "a quote is never closed")
    assert [row.line for row in rows[1:]] == [3, 4]
    assert [row.cells for row in rows[1:]] == [["3", "4"], ["5", "6"]]


def test_a_quote_inside_a_cell_is_text(path: Path) -> None:
    assert rows_of(path, b'a,b\n6" ruler,2\n')[0].cells == ['6" ruler', "2"]


def test_bytes_that_cannot_be_decoded_cost_their_row_only(path: Path) -> None:
    rows = rows_of(path, b"a,b\ncaf\xe9,2\n3,4\n")
    assert rows[0] == SourceRow(2, b"caf\xe9,2", [], "byte 0xe9 is not utf-8")
    assert rows[1].cells == ["3", "4"]
    assert rows_of(path, b"a,b\ncaf\xe9,2\n", encoding="iso-8859-1")[0].cells == ["café", "2"]


def test_gzip_is_known_by_its_bytes(path: Path) -> None:
    assert rows_of(path, gzip.compress(b"a;b\n1;2\n"), delimiter=";")[0].cells == ["1", "2"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x00", "is not a CSV file"),
        (b"a\x00,b\n", "is not a CSV file"),
        (gzip.compress(b"a,b\n" + bytes(range(256)) * 50, mtime=0)[:-30], "cut short"),
        (b"\x1f\x8b" + b"x" * 40, "damaged"),
        (b"a,b\n" + b"x" * (4 * 1024 * 1024), "line 2 has no end"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InvalidSourceFileError, match=message) as caught:
        rows_of(path, content)
    assert str(path) in str(caught.value)


def test_a_missing_file_and_a_directory_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSourceFileError, match=r"missing.csv: no such file"):
        SourceFile(tmp_path / "missing.csv").header()
    with pytest.raises(InvalidSourceFileError, match="is a directory"):
        SourceFile(tmp_path).header()


@given(table=st.lists(CELLS, max_size=6), quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_what_a_csv_writer_wrote_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], quoting: int
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=quoting).writerows([["a", "b"], *table])  # type: ignore[arg-type]
    content = text.getvalue().encode()
    rows = rows_of(tmp_path_factory.mktemp("csv") / "file.csv", content)
    assert [row.cells for row in rows] == table
    assert b"".join(row.raw + b"\n" for row in rows) == content.partition(b"\n")[2]
    assert [row.line for row in rows] == [
        2 + content[: content.index(b"\n") + 1 + done].count(b"\n") - 1 for done in _starts(rows)
    ]


def _starts(rows: list[SourceRow]) -> list[int]:
    """Where each row begins, in bytes below the header."""
    return [sum(len(row.raw) + 1 for row in rows[:index]) for index in range(len(rows))]
