"""A CSV file of real events, read row by row with its exact bytes; gzip is known by its first bytes."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from contracts.errors import InvalidSourceFileError

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_LONGEST_LINE = 4 * 1024 * 1024
# A quote that is never closed would otherwise swallow the rest of the file.
_MOST_LINES_IN_A_ROW = 100


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row: the number of its first line in the file (from 1), its bytes without the line end, its cells.

    ``error`` says why a row has no cells.
    """

    line: int
    raw: bytes
    cells: list[str]
    error: str = ""


@dataclass(frozen=True)
class SourceFile:
    """A CSV file with a header line, plain or gzipped. Every failure to read it is an ``InvalidSourceFileError``."""

    path: Path
    encoding: str = "utf-8"
    delimiter: str = ","

    def header(self) -> list[str]:
        """Return the column names."""
        with self._lines() as lines:
            return self._header_of(lines)

    def rows(self) -> Iterator[SourceRow]:
        """Yield every row below the header but blank lines, in file order."""
        with self._lines() as lines:
            self._header_of(lines)
            yield from self._rows_of(lines)

    @contextmanager
    def _lines(self) -> Iterator[_Lines]:
        """Open the file; name it in every error of reading it."""
        try:
            with self.path.open("rb") as file:
                zipped = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
                file.seek(0)
                opened: IO[bytes] = io.BufferedReader(gzip.GzipFile(fileobj=file)) if zipped else file
                yield _Lines(opened, self.path)
        except FileNotFoundError:
            raise self._invalid("no such file") from None
        except IsADirectoryError:
            raise self._invalid("is a directory: expected a CSV file") from None
        except EOFError:
            raise self._invalid("the gzip data is cut short: get the file again") from None
        except (gzip.BadGzipFile, zlib.error) as error:
            msg = f"the gzip data is damaged: {error}"
            raise self._invalid(msg) from error
        except OSError as error:
            raise self._invalid(error.strerror or str(error)) from error

    def _header_of(self, lines: _Lines) -> list[str]:
        first = lines.take()
        if not first:
            raise self._invalid("is empty: expected a header line with column names")
        row = self._row(1, first.removeprefix(_BOM))
        if row.error or "\x00" in "".join(row.cells):
            msg = f"is not a CSV file in {self.encoding}: expected a header line with column names"
            raise self._invalid(msg)
        return row.cells

    def _rows_of(self, lines: _Lines) -> Iterator[SourceRow]:
        while first := lines.take():
            raw = _without_end(first)
            if not raw:
                continue
            number = lines.number
            yield self._quoted_row(number, first, lines) if b'"' in raw else self._row(number, raw)

    def _quoted_row(self, number: int, first: bytes, lines: _Lines) -> SourceRow:
        """Take lines until the quotes are closed, as a cell may hold line ends; put them back if they never are."""
        raw, taken = first, [first]
        row = self._row(number, raw)
        while row.error == _OPEN_QUOTE and len(taken) < _MOST_LINES_IN_A_ROW and (more := lines.take()):
            taken.append(more)
            raw += more
            row = self._row(number, raw)
        if not row.error or len(taken) == 1:
            return row
        lines.put_back(taken[1:])
        return SourceRow(number, _without_end(first), [], _OPEN_QUOTE)

    def _row(self, number: int, raw: bytes) -> SourceRow:
        raw = _without_end(raw)
        try:
            text = raw.decode(self.encoding)
            return SourceRow(number, raw, self._cells(text))
        except UnicodeDecodeError as error:
            return SourceRow(number, raw, [], f"byte 0x{raw[error.start]:02x} is not {self.encoding}")
        except csv.Error as error:
            is_open = str(error) == "unexpected end of data"
            return SourceRow(number, raw, [], _OPEN_QUOTE if is_open else f"not a row of CSV: {error}")

    def _cells(self, text: str) -> list[str]:
        if '"' not in text:
            return text.split(self.delimiter)
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter, strict=True))

    def _invalid(self, what: str) -> InvalidSourceFileError:
        return InvalidSourceFileError(f"{self.path}: {what}")


_OPEN_QUOTE = "a quote is never closed"


class _Lines:
    """The lines of a file, each with its end, counted from 1; lines taken too early can be put back."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file = file
        self._path = path
        self._returned: list[bytes] = []
        self.number = 0

    def take(self) -> bytes:
        """Return the next line, and nothing at the end."""
        line = self._returned.pop() if self._returned else self._file.readline(_LONGEST_LINE)
        if len(line) == _LONGEST_LINE:
            msg = f"{self._path}: line {self.number + 1} has no end within {_LONGEST_LINE} bytes: expected a CSV file"
            raise InvalidSourceFileError(msg)
        self.number += bool(line)
        return line

    def put_back(self, lines: list[bytes]) -> None:
        """Give back the lines taken last, the first of them first."""
        self._returned += reversed(lines)
        self.number -= len(lines)


def _without_end(line: bytes) -> bytes:
    if line.endswith(b"\n"):
        line = line[:-1]
    return line.removesuffix(b"\r")
