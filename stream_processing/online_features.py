"""Features online of the visitors whom new events touch: recomputed from the lake, once gold has their sessions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_SESSIONS
from data_lake.arrow_lake import ArrowLake
from data_lake.spans import spans
from data_lake.sql import run_sql
from feature_store.session_features import IS_ACTIVITY, latest_session_features, session_features
from feature_store.visitor_features import visitor_features
from stream_processing.sessions import EVENT_COLUMNS

# Writes rows (entity key, event_timestamp, features) of a feature view to the online store.
WriteOnline = Callable[[str, Sequence[Mapping[str, Any]]], object]

# What the follower hands on of silver's tables.
FOLLOWED = {SILVER_CLICKSTREAM_EVENTS: ("visitor_id",)}

_ROWS_PER_WRITE = 1_000

_OF_TOUCHED_VISITORS = "FROM sessions SEMI JOIN events USING (visitor_id)"
_RUNNING = """
    SELECT visitor_id, session_id, started_at, ended_at
    FROM sessions
    QUALIFY row_number() OVER (PARTITION BY visitor_id ORDER BY started_at DESC) = 1
"""
_EVENTS = f"""
    SELECT {", ".join(f"event.{name}" for name in EVENT_COLUMNS)}, running.session_id
    FROM events AS event JOIN running
        ON event.visitor_id = running.visitor_id AND event.occurred_at BETWEEN running.started_at AND running.ended_at
    WHERE {IS_ACTIVITY}
"""  # noqa: S608 - made of constants


def refresh_online(new_events: pa.Table, lake: ArrowLake, write_online: WriteOnline) -> None:
    """Write the visitors' features, and those of each one's last session, for rows of ``silver.clickstream_events``.

    ``silver.sessions`` must hold what follows from these events.
    """
    sessions = run_sql(_OF_TOUCHED_VISITORS, sessions=lake.all_files(SILVER_SESSIONS), events=new_events)
    if not sessions.num_rows:
        return
    _write(
        write_online, "visitor_features", visitor_features(sessions).rename_columns({"occurred_at": "event_timestamp"})
    )
    running = run_sql(_RUNNING, sessions=sessions)
    silver = lake.near(SILVER_CLICKSTREAM_EVENTS, "occurred_at", spans(running["started_at"], running["ended_at"]))
    features = session_features(run_sql(_EVENTS, events=silver, running=running), sessions)
    _write(write_online, "session_features", latest_session_features(features))


def _write(write_online: WriteOnline, view: str, rows: pa.Table) -> None:
    for batch in rows.to_batches(max_chunksize=_ROWS_PER_WRITE):
        write_online(view, batch.to_pylist())
