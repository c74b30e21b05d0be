"""Which rows of a table are a person's: by key, so that they can be deleted without writing an id into the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from operator import or_
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from contracts.tables import (
    GOLD_SESSION_TRAINING_ROWS,
    GOLD_VISITOR_FEATURES,
    SILVER_REJECTED_DECISIONS,
    SILVER_REJECTED_EVENTS,
    SILVER_SESSIONS,
    TABLES,
    Table,
)
from data_lake.care.naming import Subject

Owns = Callable[[Subject, Mapping[str, Any]], bool]

_ID_COLUMNS = ("visitor_id", "customer_id")
_DERIVED = (SILVER_SESSIONS, GOLD_SESSION_TRAINING_ROWS, GOLD_VISITOR_FEATURES)


def _owns_message(subject: Subject, row: Mapping[str, Any]) -> bool:
    return subject.owns_message(row["value"], row["topic"], row["key"])


def _names(*columns: str) -> Owns:
    return lambda subject, row: any(subject.is_named_in(row[column]) for column in columns)


# Tables without ids of their own: the columns that are looked into, and how.
_BY_TEXT: dict[str, tuple[tuple[str, ...], Owns]] = {
    **{table.name: (("key", "value"), _owns_message) for table in TABLES if table.layer == "bronze"},
    SILVER_REJECTED_EVENTS.name: (("value", "message"), _names("value", "message")),
    SILVER_REJECTED_DECISIONS.name: (("patch", "because"), _names("patch", "because")),
}
PERSONAL_TABLES = tuple(
    table for table in TABLES if table.name in _BY_TEXT or set(_ID_COLUMNS) & set(table.column_names)
)


def owned_keys(table: Table, rows: ds.Dataset, subject: Subject) -> pa.Table:
    """Return the distinct keys of the subject's rows among ``rows`` of one of ``PERSONAL_TABLES``."""
    keys = _by_text(table, rows, subject) if table.name in _BY_TEXT else _by_id(table, rows, subject)
    return keys.group_by(list(table.key)).aggregate([])


def _by_id(table: Table, rows: ds.Dataset, subject: Subject) -> pa.Table:
    ids = pa.array(sorted(subject.derived_ids if table in _DERIVED else subject.ids), pa.string())
    where = reduce(or_, (pc.field(name).isin(ids) for name in _ID_COLUMNS if name in table.column_names))
    return rows.to_table(columns=list(table.key), filter=where)


def _by_text(table: Table, rows: ds.Dataset, subject: Subject) -> pa.Table:
    columns, owns = _BY_TEXT[table.name]
    key = [name for name in table.key if name not in columns]
    found = []
    for batch in rows.to_batches(columns=[*key, *columns]):
        candidates = batch.filter(_may_name(batch, columns, subject))
        mask = pa.array([owns(subject, row) for row in candidates.to_pylist()], pa.bool_())
        found.append(candidates.filter(mask).select(key))
    return pa.Table.from_batches(found, pa.schema([rows.schema.field(name) for name in key]))


def _may_name(batch: pa.RecordBatch, columns: tuple[str, ...], subject: Subject) -> pa.Array:
    """Mark the rows worth a closer look, at the speed of Arrow; JSON may spell an id with escapes."""
    marks = [
        pc.fill_null(pc.match_substring(batch.column(name), text), False)
        for name in columns
        for text in ("\\", *sorted(subject.ids))
    ]
    return reduce(pc.or_, marks)
