"""A CSV file of real events, read row by row with its exact bytes; gzip is known by its first bytes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data_sources.source import SourceRow, invalid
from data_sources.source_lines import BOM, Lines, open_lines, without_end

_KIND = "a CSV file"
# A quote that is never closed would otherwise swallow the rest of the file.
_MOST_LINES_IN_A_ROW = 100


@dataclass(frozen=True)
class SourceFile:
    """A CSV file with a header line, plain or gzipped. Every failure to read it is an ``InvalidSourceFileError``."""

    path: Path
    encoding: str = "utf-8"
    delimiter: str = ","
    unit = "line"

    def header(self) -> list[str]:
        """Return the column names."""
        with open_lines(self.path, _KIND) as lines:
            return self._header_of(lines)

    def rows(self) -> Iterator[SourceRow]:
        """Yield every row below the header but blank lines, in file order."""
        with open_lines(self.path, _KIND) as lines:
            self._header_of(lines)
            yield from self._rows_of(lines)

    def _header_of(self, lines: Lines) -> list[str]:
        first = lines.take()
        if not first:
            raise invalid(self.path, "is empty: expected a header line with column names")
        row = self._row(1, first.removeprefix(BOM))
        if row.error or "\x00" in "".join(row.cells):
            msg = f"is not a CSV file in {self.encoding}: expected a header line with column names"
            raise invalid(self.path, msg)
        return row.cells

    def _rows_of(self, lines: Lines) -> Iterator[SourceRow]:
        while first := lines.take():
            raw = without_end(first)
            if not raw:
                continue
            number = lines.number
            yield self._quoted_row(number, first, lines) if b'"' in raw else self._row(number, raw)

    def _quoted_row(self, number: int, first: bytes, lines: Lines) -> SourceRow:
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
        return SourceRow(number, without_end(first), [], _OPEN_QUOTE)

    def _row(self, number: int, raw: bytes) -> SourceRow:
        raw = without_end(raw)
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


_OPEN_QUOTE = "a quote is never closed"
