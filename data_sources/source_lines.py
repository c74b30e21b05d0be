"""The lines of a text file, plain or gzipped, with their exact bytes."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data_sources.source import invalid

BOM = b"\xef\xbb\xbf"
_GZIP_MAGIC = b"\x1f\x8b"
_LONGEST_LINE = 4 * 1024 * 1024


@contextmanager
def open_lines(path: Path, kind: str) -> Iterator[Lines]:
    """Open a file that should be ``kind`` ("a CSV file"); every failure to read it names it."""
    try:
        with path.open("rb") as file:
            zipped = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
            file.seek(0)
            opened = io.BufferedReader(gzip.GzipFile(fileobj=file)) if zipped else file
            yield Lines(opened, path, kind)
    except FileNotFoundError:
        raise invalid(path, "no such file") from None
    except IsADirectoryError:
        raise invalid(path, f"is a directory: expected {kind}") from None
    except EOFError:
        raise invalid(path, "the gzip data is cut short: get the file again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise invalid(path, f"the gzip data is damaged: {error}") from error
    except OSError as error:
        raise invalid(path, error.strerror or str(error)) from error


class Lines:
    """The lines of a file, each with its end, counted from 1; lines taken too early can be put back."""

    def __init__(self, file: io.BufferedReader[Any], path: Path, kind: str) -> None:
        self._file = file
        self._path = path
        self._kind = kind
        self._returned: list[bytes] = []
        self.number = 0

    def peek(self) -> bytes:
        """Return some bytes of what comes next without taking them; nothing at the end."""
        return self._file.peek()

    def take(self) -> bytes:
        """Return the next line, and nothing at the end."""
        line = self._returned.pop() if self._returned else self._file.readline(_LONGEST_LINE)
        if len(line) == _LONGEST_LINE:
            what = f"line {self.number + 1} has no end within {_LONGEST_LINE} bytes: expected {self._kind}"
            raise invalid(self._path, what)
        self.number += bool(line)
        return line

    def put_back(self, lines: list[bytes]) -> None:
        """Give back the lines taken last, the first of them first."""
        self._returned += reversed(lines)
        self.number -= len(lines)


def without_end(line: bytes) -> bytes:
    """Return the line without its line end."""
    if line.endswith(b"\n"):
        line = line[:-1]
    return line.removesuffix(b"\r")
