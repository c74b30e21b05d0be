"""A file of JSON objects, one a line, read row by row; a number is its own text, so that money stays exact."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from data_sources.source import SourceRow, invalid
from data_sources.source_lines import BOM, open_lines, without_end

_KIND = "a file of JSON objects, one a line"
# Objects may lack keys: the columns are those of so many first lines.
_LINES_FOR_HEADER = 1000


@dataclass(frozen=True)
class JsonLinesFile:
    """A file of JSON objects in UTF-8, plain or gzipped. A key inside a key is a column ``outer.inner``.

    ``more_columns`` are columns whether or not the first lines have them.
    """

    path: Path
    more_columns: tuple[str, ...] = ()
    unit = "line"

    def header(self) -> list[str]:
        """Return the keys of the first lines, in the order of their first appearance, and ``more_columns``."""
        names: dict[str, None] = {}
        for _, _, cells in islice(self._objects(), _LINES_FOR_HEADER):
            if isinstance(cells, dict):
                names |= dict.fromkeys(cells)
        names |= dict.fromkeys(self.more_columns)
        if not names:
            raise invalid(self.path, f"its first lines hold no key: expected {_KIND}")
        return list(names)

    def rows(self) -> Iterator[SourceRow]:
        """Yield every line but blank ones; a key that is missing or null is an empty cell."""
        header = self.header()
        for line, raw, cells in self._objects():
            if isinstance(cells, str):
                yield SourceRow(line, raw, [], cells)
            else:
                yield SourceRow(line, raw, [cells.get(name, "") for name in header])

    def _objects(self) -> Iterator[tuple[int, bytes, dict[str, str] | str]]:
        """Yield each line's number, its bytes, and its cells or what is wrong with it."""
        with open_lines(self.path, _KIND) as lines:
            while line := lines.take():
                raw = without_end(line).removeprefix(BOM if lines.number == 1 else b"")
                if raw.strip():
                    yield lines.number, raw, _parsed(raw)


def _parsed(raw: bytes) -> dict[str, str] | str:
    try:
        given = json.loads(raw.decode(), parse_int=str, parse_float=str, parse_constant=_refuse)
        return dict(_cells(given)) if isinstance(given, dict) else "expected a JSON object"
    except UnicodeDecodeError as error:
        return f"byte 0x{raw[error.start]:02x} is not utf-8"
    except (ValueError, RecursionError) as error:
        return f"not a JSON object: {error}"


def _cells(given: Mapping[str, Any], outer: str = "") -> Iterator[tuple[str, str]]:
    for name, value in given.items():
        if isinstance(value, dict):
            yield from _cells(value, f"{outer}{name}.")
        else:
            yield f"{outer}{name}", _text(value)


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _refuse(constant: str) -> object:
    msg = f"{constant} is no JSON"
    raise ValueError(msg)
