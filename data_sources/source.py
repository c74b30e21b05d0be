"""A file of real events as rows of texts, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from contracts.errors import InvalidSourceFileError


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row: its place in the file (from 1: its first line, or its row), its bytes, its cells.

    The bytes are those of the file without the line end; where the file has no bytes of a row, its cells as JSON.
    ``error`` says why a row has no cells.
    """

    line: int
    raw: bytes
    cells: list[str]
    error: str = ""


class Source(Protocol):
    """A file that can be read from its beginning any number of times.

    Every failure to read it is an ``InvalidSourceFileError`` that names it.
    """

    @property
    def path(self) -> Path:
        """Where the file is."""
        ...

    @property
    def unit(self) -> str:
        """What a row's place counts: ``line`` or ``row``."""
        ...

    def header(self) -> list[str]:
        """Return the column names."""
        ...

    def rows(self) -> Iterator[SourceRow]:
        """Yield every row in file order; a cell without a value is empty."""
        ...


def invalid(path: Path, what: str) -> InvalidSourceFileError:
    """Return the error that names the file."""
    return InvalidSourceFileError(f"{path}: {what}")
