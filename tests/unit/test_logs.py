"""Logs are read from their end and followed across a rotation."""

from __future__ import annotations

from pathlib import Path

from deployment.local_stack.logs import follow, last_lines


def test_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert last_lines(log, 3) == []
    log.write_bytes(b"one\ntwo\n\xff three\nfour")
    assert last_lines(log, 2) == ["\ufffd three", "four"]


def test_follow_across_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("old\n")
    lines = follow(log)
    with log.open("a") as writer:
        writer.write("one\n")
    assert next(lines) == "one"
    log.rename(tmp_path / "a.log.1")
    log.write_text("two\n")
    assert next(lines) == "two"
