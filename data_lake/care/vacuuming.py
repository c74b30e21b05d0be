"""Vacuum: deletes the files that neither a recent version nor a pinned one needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from contracts.errors import InvalidSettingError
from contracts.tables import Table
from data_lake.arrow_lake import ArrowLake
from data_lake.care.pins import pins
from data_lake.care.table_files import TableFiles

RETENTION = timedelta(days=7)
_LEAST = timedelta(hours=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Vacuumed:
    """What was deleted, or would be, and how many files stayed for a pin's sake."""

    table: Table
    files: int
    bytes: int
    pinned: int


def vacuum(lake: ArrowLake, table: Table, retention: timedelta, *, dry_run: bool) -> Vacuumed:
    """Delete the files that left the table longer than ``retention`` ago, and those that a killed writer left behind.

    Versions that need them cannot be read any more. Nothing is committed. Raises ``InvalidSettingError`` for less
    than an hour: readers and writers that are at work need what they began with.
    """
    if retention < _LEAST:
        msg = f"retention {retention}: expected at least {_LEAST}: what runs now may still read or write such files"
        raise InvalidSettingError(msg)
    opened = lake.open(table)
    files = TableFiles(lake, table)
    unneeded = opened.vacuum(retention // _HOUR, dry_run=True, enforce_retention_duration=False, full=True)
    # The log names files for a while that were deleted long ago.
    old = files.written().keys() & unneeded
    # Read after the files were chosen: a pin that is made meanwhile is honoured.
    pinned = {name for each in pins(lake, table) for name in each.files}
    doomed = [name for name in old if name not in pinned]
    done = Vacuumed(table, len(doomed), files.bytes(doomed), len(old) - len(doomed))
    if not dry_run:
        files.delete(doomed)
    return done
