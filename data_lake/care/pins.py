"""Pins: versions of a table that ``vacuum`` keeps, such as those that a model was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from contracts.clock import Clock
from contracts.errors import NameTakenError, UnknownNameError
from contracts.tables import PINNED_VERSIONS, Table
from data_lake.arrow_lake import ArrowLake
from data_lake.care.table_files import TableFiles
from data_lake.erased import require_not_erased
from data_lake.schemas import arrow_schema


@dataclass(frozen=True)
class Pin:
    """One pinned version. ``files`` are below the table's directory: they stand here for when the log is cut."""

    table: str
    name: str
    version: int
    pinned_at: datetime
    files: tuple[str, ...]


def pin(lake: ArrowLake, table: Table, version: int, name: str, clock: Clock) -> Pin:
    """Keep ``version`` of ``table`` readable under ``name``; a second time changes nothing.

    Raises ``NotReadyError`` for a version that is not there, ``ErasedError`` for one that held an erased customer,
    ``NameTakenError`` where the name pins another version.
    """
    for other in pins(lake, table):
        if other.name == name:
            return _same(other, version)
    files = tuple(lake.files(table, version))
    TableFiles(lake, table).require(files)
    made = Pin(table.name, name, version, clock.now(), files)
    lake.create_missing([PINNED_VERSIONS])
    lake.replace(PINNED_VERSIONS, _rows(made), _scope(table, name))
    return made


def unpin(lake: ArrowLake, table: Table, name: str) -> None:
    """Let ``vacuum`` take the version again; raises ``UnknownNameError`` with the names there are."""
    names = [each.name for each in pins(lake, table)]
    if name not in names:
        msg = f"{table.name} has no pin {name!r}: expected one of {', '.join(names) or 'none, nothing is pinned'}"
        raise UnknownNameError(msg)
    lake.replace(PINNED_VERSIONS, _rows(), _scope(table, name))


def pins(lake: ArrowLake, table: Table | None = None) -> list[Pin]:
    """Return the pins, of one table or all, by table and name."""
    if not lake.exists(PINNED_VERSIONS):
        return []
    where = None if table is None else pc.field("table") == table.name
    rows = lake.read(PINNED_VERSIONS, where=where).sort_by([("table", "ascending"), ("name", "ascending")]).to_pylist()
    return [Pin(**{**row, "files": tuple(row["files"])}) for row in rows]


def scan_pinned(lake: ArrowLake, table: Table, name: str) -> ds.Dataset:
    """Return the rows of a pinned version, also after the table's log was cut.

    Raises ``UnknownNameError``, and ``ErasedError`` where it held a customer who was erased since.
    """
    for each in pins(lake, table):
        if each.name == name:
            require_not_erased(lake, table, f"pin {name!r}, version {each.version}", each.files)
            return TableFiles(lake, table).dataset(each.files)
    msg = f"{table.name} has no pin {name!r}: `aisle lake pins` lists them"
    raise UnknownNameError(msg)


def _same(pinned: Pin, version: int) -> Pin:
    if pinned.version != version:
        msg = f"pin {pinned.name!r} of {pinned.table} is version {pinned.version} already: unpin it first"
        raise NameTakenError(msg)
    return pinned


def _rows(*made: Pin) -> pa.Table:
    return pa.Table.from_pylist([vars(each) for each in made], arrow_schema(PINNED_VERSIONS))


def _scope(table: Table, name: str) -> pa.Table:
    return pa.table({"table": [table.name], "name": [name]})
