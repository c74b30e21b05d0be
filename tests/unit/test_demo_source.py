"""A file's mapping is guessed from its header, or the guess is refused by name."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from contracts.errors import InvalidSourceFileError
from deployment.demo.source import guess_mapping, replayed, sender_in, simulated

_REES46 = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
_RETAIL = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


@pytest.mark.parametrize(("header", "mapping"), [(_REES46, "rees46"), (_RETAIL, "online_retail")])
def test_mapping_is_guessed_from_the_header(tmp_path: Path, header: str, mapping: str) -> None:
    plain, packed = tmp_path / "a.csv", tmp_path / "a.csv.gz"
    plain.write_text(header)
    packed.write_bytes(gzip.compress(header.encode()))
    assert guess_mapping(plain) == guess_mapping(packed) == mapping


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00"])
def test_an_unknown_header_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "unknown.csv"
    file.write_bytes(content)
    with pytest.raises(InvalidSourceFileError, match=r"unknown\.csv: no shipped mapping fits"):
        guess_mapping(file)


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSourceFileError, match="cannot be read"):
        guess_mapping(tmp_path / "missing.csv")
    not_gzip = tmp_path / "not.csv.gz"
    not_gzip.write_text(_REES46)
    with pytest.raises(InvalidSourceFileError, match="cannot be read"):
        guess_mapping(not_gzip)


def test_a_source_knows_its_command_and_its_mark_in_the_headers(tmp_path: Path) -> None:
    assert simulated(3, 7).command == ("simulate", "--days", "3", "--events-per-day", "6000", "--seed", "7")
    assert simulated(3, 7).trades_live
    assert replayed(tmp_path / "a.csv", "own.yaml").command[2:4] == ("--mapping", "own.yaml")
    assert sender_in({"sent": 1}) == "simulator"
    assert sender_in({"sent": 1, "mapping": "rees46"}) == "replay:rees46"
