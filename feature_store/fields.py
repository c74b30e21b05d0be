"""A table contract's columns, and counters over windows, as Feast fields: type, meaning and unit.

Types come from the contract, so that a view and its table cannot disagree. Money becomes ``Float64``: models and
storefronts compute with it, books do not.
"""

from __future__ import annotations

from collections.abc import Iterable

from feast import Field
from feast.types import Array, Bool, FeastType, Float64, Int64, String, UnixTimestamp

from contracts.tables import Column, Table
from feature_store.live.windows import WINDOWS

_TYPES: dict[str, FeastType] = {
    "string": String,
    "int": Int64,
    "bigint": Int64,
    "double": Float64,
    "boolean": Bool,
    "timestamp": UnixTimestamp,
    "array<string>": Array(String),
}
# A word of the column's name → its unit; the first that is found holds.
_UNIT_OF_WORD = {
    "ratio": "ratio",
    "count": "count",
    "revenue": "shop currency",
    "refunded": "shop currency",
    "price": "shop currency",
    "value": "shop currency",
    "rating": "stars, 1 to 5",
    "days": "days",
    "s": "seconds",
    "at": "UTC, whole seconds",
}


def fields(table: Table, names: Iterable[str]) -> list[Field]:
    """Return the columns called ``names`` as features, each with its unit as a tag."""
    column_of = {column.name: column for column in table.columns}
    return [_field(column_of[name]) for name in names]


def window_fields(measures: Iterable[str]) -> list[Field]:
    """Return a field for each measure in each window, as ``feature_store.live.reader`` orders them."""
    return [
        Field(
            name=f"{measure}_{window.name}",
            dtype=Float64,
            description=f"of the last {window.name}, in tiles of {window.tile_s} s",
            tags={"unit": _UNIT_OF_WORD.get(measure, "count")},
        )
        for window in WINDOWS
        for measure in measures
    ]


def _field(column: Column) -> Field:
    money = column.type.startswith("decimal")
    dtype = Float64 if money else _TYPES[column.type]
    return Field(name=column.name, dtype=dtype, description=column.doc, tags=_unit(column))


def _unit(column: Column) -> dict[str, str]:
    words = column.name.split("_")
    for word, unit in _UNIT_OF_WORD.items():
        if word in words:
            return {"unit": unit}
    return {"unit": "count"} if column.type in {"int", "bigint"} else {}
