"""Commits beside other writers: tried again where another commit came in between."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep
from typing import TypeVar

from deltalake.exceptions import CommitFailedError

from contracts.errors import TableChangedError
from contracts.tables import Table

_ATTEMPTS = 6
_FIRST_PAUSE_S = 0.05

T = TypeVar("T")


def beside_writers(table: Table, commit: Callable[[], T]) -> T:
    """Return what ``commit`` returns; called again, on the newest version, where it lost against another commit.

    Raises ``TableChangedError`` where it lost six times, with pauses of 0.05 s, doubled each time.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return commit()
        except CommitFailedError:
            sleep(_FIRST_PAUSE_S * 2**attempt)
    msg = f"table {table.name} was changed by other processes {_ATTEMPTS} times meanwhile: run this again later"
    raise TableChangedError(msg)
