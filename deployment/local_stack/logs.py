"""Read and follow a log file that is rotated under the reader."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

_POLL_S = 0.3


def last_lines(path: Path, count: int) -> list[str]:
    """Return the last ``count`` lines; none when there is no file yet."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return [line.rstrip("\n") for line in deque(file, maxlen=count)]
    except FileNotFoundError:
        return []


def follow(path: Path) -> Iterator[str]:
    """Return an iterator over the lines written from this call on, across rotations, without end."""
    file = path.open(encoding="utf-8", errors="replace")
    file.seek(0, os.SEEK_END)
    return _lines_of(file, path)


def _lines_of(file: TextIO, path: Path) -> Iterator[str]:
    try:
        while True:
            if line := file.readline():
                yield line.rstrip("\n")
            elif _was_rotated(path, file.fileno()):
                file.close()
                file = path.open(encoding="utf-8", errors="replace")
            else:
                time.sleep(_POLL_S)
    finally:
        file.close()


def _was_rotated(path: Path, descriptor: int) -> bool:
    try:
        return path.stat().st_ino != os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False
