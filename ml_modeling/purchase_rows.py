"""From ``gold.session_training_rows`` to the labelled rows of closed sessions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from contracts.errors import NotReadyError
from contracts.tables import GOLD_SESSION_TRAINING_ROWS, SESSION_FEATURE_NAMES
from ml_modeling.training_set import LabelledRows

COLUMNS = ("session_id", "event_number", "occurred_at", *SESSION_FEATURE_NAMES, "ended_at", "ordered_later")
# Of silver.sessions: what the rows are looked at by, beside their features.
ATTRIBUTES = ("device", "country")
SESSION_COLUMNS = ("session_id", "is_bot", *ATTRIBUTES)
SESSION_GAP = timedelta(minutes=30)
MIN_SESSIONS = 100
MIN_POSITIVE_SESSIONS = 10
_UNKNOWN = "unknown"


def of_people(rows: pa.Table, sessions: pa.Table) -> pa.Table:
    """Return the rows with the ``ATTRIBUTES`` of their ``sessions`` (``SESSION_COLUMNS``), without those of bots.

    Bots never buy, and would flatter the model.
    """
    is_bot = pc.fill_null(sessions["is_bot"], fill_value=False)
    bots = sessions["session_id"].filter(is_bot).combine_chunks()
    people = rows.filter(pc.invert(pc.is_in(rows["session_id"], bots)))
    places = pc.index_in(people["session_id"], sessions["session_id"].combine_chunks())
    for name in ATTRIBUTES:
        people = people.append_column(name, sessions[name].combine_chunks().take(places.combine_chunks()))
    return people


def closed_rows(rows: pa.Table, now: datetime) -> LabelledRows:
    """Return the rows of the sessions that ended more than 30 minutes before ``now``: only their label is final.

    Raises ``NotReadyError`` where there are fewer than ``MIN_SESSIONS`` of them, or fewer than
    ``MIN_POSITIVE_SESSIONS`` with an order after a row, or none without, and where a column is missing or of a type
    that cannot be learned from.
    """
    _require_types(rows)
    closed = rows.filter(pc.less(rows["ended_at"], pa.scalar(now - SESSION_GAP, rows.schema.field("ended_at").type)))
    # The order of a table is arbitrary, and boosters' sums depend on it.
    closed = closed.sort_by([("session_id", "ascending"), ("event_number", "ascending")])
    labels = closed["ordered_later"].to_numpy(zero_copy_only=False).astype(bool)
    sessions = _codes(closed["session_id"])
    _require_enough(sessions, labels)
    features = np.column_stack([_as_doubles(closed[name]) for name in SESSION_FEATURE_NAMES])
    starts = _session_starts(closed["occurred_at"].to_numpy(), sessions)
    return LabelledRows(features, labels, sessions, starts, _attributes(closed))


def _require_types(rows: pa.Table) -> None:
    for name in COLUMNS:
        if name not in rows.column_names:
            msg = f"{GOLD_SESSION_TRAINING_ROWS.name} has no column {name}: expected {', '.join(COLUMNS)}"
            raise NotReadyError(msg)
    kinds = {"ended_at": ("a timestamp", pa.types.is_timestamp), "occurred_at": ("a timestamp", pa.types.is_timestamp)}
    kinds |= {"ordered_later": ("a boolean", pa.types.is_boolean)}
    kinds |= dict.fromkeys(SESSION_FEATURE_NAMES, ("a number", _is_number))
    for name, (expected, is_right) in kinds.items():
        found = rows.schema.field(name).type
        if not is_right(found):
            msg = f"{GOLD_SESSION_TRAINING_ROWS.name}.{name} is {found}: expected {expected}"
            raise NotReadyError(msg)


def _is_number(found: pa.DataType) -> bool:
    return bool(pa.types.is_integer(found) or pa.types.is_floating(found))


def _attributes(rows: pa.Table) -> Mapping[str, NDArray[np.str_]]:
    present = [name for name in ATTRIBUTES if name in rows.column_names]
    return {name: np.asarray(pc.fill_null(rows[name], _UNKNOWN).to_pylist(), dtype=np.str_) for name in present}


def _codes(column: pa.ChunkedArray) -> NDArray[np.int64]:
    codes: NDArray[np.int64] = column.combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    return codes


def _as_doubles(column: pa.ChunkedArray) -> NDArray[np.float64]:
    doubles: NDArray[np.float64] = pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy()
    return doubles


def _session_starts(times: NDArray[np.datetime64], sessions: NDArray[np.int64]) -> NDArray[np.datetime64]:
    starts = np.full(sessions.max() + 1, np.datetime64("9999-01-01", "us"))
    np.minimum.at(starts, sessions, times.astype("datetime64[us]"))
    return starts[sessions]


def _require_enough(sessions: NDArray[np.int64], labels: NDArray[np.bool_]) -> None:
    table = GOLD_SESSION_TRAINING_ROWS.name
    session_count, positive_count = len(np.unique(sessions)), len(np.unique(sessions[labels]))
    if session_count < MIN_SESSIONS:
        msg = f"{table} holds {session_count} closed sessions: purchase prediction needs {MIN_SESSIONS}"
        raise NotReadyError(msg)
    if positive_count < MIN_POSITIVE_SESSIONS:
        msg = (
            f"{table} holds {positive_count} closed sessions with an order to predict: "
            f"purchase prediction needs {MIN_POSITIVE_SESSIONS}"
        )
        raise NotReadyError(msg)
    if labels.all():
        msg = f"{table} holds only rows with an order still to come: purchase prediction needs rows of both kinds"
        raise NotReadyError(msg)
