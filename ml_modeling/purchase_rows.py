"""From ``gold.session_training_rows`` to the labelled rows of closed sessions."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from contracts.errors import NotReadyError
from contracts.tables import GOLD_SESSION_TRAINING_ROWS, SESSION_FEATURE_NAMES
from ml_modeling.training_set import LabelledRows

COLUMNS = ("session_id", "event_number", "occurred_at", *SESSION_FEATURE_NAMES, "ended_at", "ordered_later")
SESSION_GAP = timedelta(minutes=30)
MIN_SESSIONS = 100
MIN_POSITIVE_SESSIONS = 10


def of_people(rows: pa.Table, bot_sessions: pa.Table) -> pa.Table:
    """Return the rows without those of ``bot_sessions`` (session_id): bots never buy, and would flatter the model."""
    return rows.filter(pc.invert(pc.is_in(rows["session_id"], bot_sessions["session_id"].combine_chunks())))


def closed_rows(rows: pa.Table, now: datetime) -> LabelledRows:
    """Return the rows of the sessions that ended more than 30 minutes before ``now``: only their label is final.

    Raises ``NotReadyError`` where there are fewer than ``MIN_SESSIONS`` of them, or fewer than
    ``MIN_POSITIVE_SESSIONS`` with an order after a row, or none without.
    """
    closed = rows.filter(pc.less(rows["ended_at"], pa.scalar(now - SESSION_GAP, rows.schema.field("ended_at").type)))
    # The order of a table is arbitrary, and boosters' sums depend on it.
    closed = closed.sort_by([("session_id", "ascending"), ("event_number", "ascending")])
    labels = closed["ordered_later"].to_numpy(zero_copy_only=False).astype(bool)
    sessions = _codes(closed["session_id"])
    _require_enough(sessions, labels)
    features = np.column_stack([_as_doubles(closed[name]) for name in SESSION_FEATURE_NAMES])
    starts = _session_starts(closed["occurred_at"].to_numpy(), sessions)
    return LabelledRows(features, labels, sessions, starts)


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
