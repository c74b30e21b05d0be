"""A file's mapping is guessed from its header, or the guess is refused by name."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from contracts.errors import InvalidSourceFileError, UserError
from deployment.demo.source import guess_mapping, replayed, sender_in, simulated

_REES46 = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
_RETAIL = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


@pytest.mark.parametrize(("header", "mapping"), [(_REES46, "rees46"), (_RETAIL, "online_retail")])
def test_mapping_is_guessed_from_the_header(tmp_path: Path, header: str, mapping: str) -> None:
    plain, packed = tmp_path / "a.csv", tmp_path / "a.csv.gz"
    plain.write_text(header)
    packed.write_bytes(gzip.compress(header.encode()))
    assert guess_mapping(plain) == guess_mapping(packed) == mapping


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty: expected a header line"),
        (b"a,\x1b[2Jb\n1,2\n", r"no shipped mapping fits its columns '\\x1b\[2Jb', 'a': give one with --mapping"),
        (b"\xff\xfe\x00", "is not a CSV file in utf-8"),
        (gzip.compress(_REES46.encode(), mtime=0)[:-9], "the gzip data is cut short"),
    ],
)
def test_a_file_that_nothing_fits_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "unknown.csv"
    file.write_bytes(content)
    with pytest.raises(InvalidSourceFileError, match=rf"unknown\.csv:? {told}"):
        guess_mapping(file)


def test_what_the_replay_would_refuse_is_refused_before_anything_starts(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    with pytest.raises(InvalidSourceFileError, match=r"a\.csv:? no such file"):
        replayed(file, "rees46")
    file.write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="event_time"):
        replayed(file, "rees46")
    with pytest.raises(UserError, match=r"own\.yaml"):
        replayed(file, str(tmp_path / "own.yaml"))


def test_a_source_knows_its_command_and_its_mark_in_the_headers(tmp_path: Path) -> None:
    assert simulated(3, 7).command == ("simulate", "--days", "3", "--events-per-day", "6000", "--seed", "7")
    assert simulated(3, 7).trades_live
    (tmp_path / "a.csv").write_text(_REES46)
    assert replayed(tmp_path / "a.csv", None).command[2:4] == ("--mapping", "rees46")
    assert sender_in({"sent": 1}) == "simulator"
    assert sender_in({"sent": 1, "mapping": "rees46"}) == "replay:rees46"
