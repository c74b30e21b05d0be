"""The visitors whom a micro-batch touches: their sessions, training rows and features, recomputed from silver.

Recomputed rather than added up: a late event changes what follows it, and a repeated batch changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from contracts.tables import (
    GOLD_SESSION_TRAINING_ROWS,
    GOLD_VISITOR_FEATURES,
    SILVER_CLICKSTREAM_EVENTS,
    SILVER_SESSIONS,
)
from data_lake.arrow_lake import ArrowLake
from data_lake.sql import run_sql
from stream_processing.session_training_rows import latest_session_features, session_training_rows
from stream_processing.sessions import EVENT_COLUMNS, IS_ACTIVITY, sessionized, sessions
from stream_processing.visitor_features import visitor_features

# Writes rows (entity key, event_timestamp, features) of a feature view to the online store.
WriteOnline = Callable[[str, Sequence[Mapping[str, Any]]], object]

_TOUCHED = f"SELECT DISTINCT visitor_id FROM events WHERE {IS_ACTIVITY}"  # noqa: S608 - made of constants
# Silver's table is wide: only what sessions are made of is read.
_HISTORY = f"SELECT {', '.join(EVENT_COLUMNS)} FROM events SEMI JOIN touched USING (visitor_id)"  # noqa: S608
_ROWS_PER_WRITE = 5_000


def refresh_visitors(batch: pa.Table, lake: ArrowLake, write_online: WriteOnline) -> None:
    """Recompute every visitor of a micro-batch of ``silver.clickstream_events``: online first, then in the lake."""
    touched = run_sql(_TOUCHED, events=batch)
    if not touched.num_rows:
        return
    history = run_sql(_HISTORY, events=lake.scan(SILVER_CLICKSTREAM_EVENTS), touched=touched)
    events = sessionized(history)
    features, rows = visitor_features(events), session_training_rows(events)
    _write_online(write_online, "visitor_features", _at_event_time(features))
    _write_online(write_online, "session_features", latest_session_features(rows))
    lake.replace(SILVER_SESSIONS, sessions(events), touched)
    lake.replace(GOLD_SESSION_TRAINING_ROWS, rows, touched)
    lake.replace(GOLD_VISITOR_FEATURES, features, touched)


def _at_event_time(features: pa.Table) -> pa.Table:
    return features.rename_columns({"occurred_at": "event_timestamp"})


def _write_online(write_online: WriteOnline, view: str, rows: pa.Table) -> None:
    for batch in rows.to_batches(max_chunksize=_ROWS_PER_WRITE):
        write_online(view, batch.to_pylist())
