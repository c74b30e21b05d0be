"""The sessions that new events touch, recomputed.

Recomputed rather than added up: a late event can join two sessions or move a start, and a repetition changes nothing.
Only the touched sessions' events are read; which they are is known from ``silver.sessions``.
"""

from __future__ import annotations

import pyarrow as pa

from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_SESSIONS
from data_lake.arrow_lake import ArrowLake
from data_lake.spans import spans
from data_lake.sql import run_sql
from feature_store.session_features import IS_ACTIVITY
from stream_processing.sessions import EVENT_COLUMNS, sessionized, sessions

# New events of a visitor with no gap over 30 minutes.
_BURSTS = f"""
    WITH numbered AS (
        SELECT visitor_id, occurred_at, count_if(is_first) OVER so_far AS number
        FROM (
            SELECT *, occurred_at - lag(occurred_at) OVER so_far > INTERVAL 30 MINUTES AS is_first
            FROM events
            WHERE {IS_ACTIVITY}
            WINDOW so_far AS (PARTITION BY visitor_id ORDER BY occurred_at)
        )
        WINDOW so_far AS (PARTITION BY visitor_id ORDER BY occurred_at ROWS UNBOUNDED PRECEDING)
    )
    SELECT visitor_id, min(occurred_at) AS started_at, max(occurred_at) AS ended_at
    FROM numbered
    GROUP BY visitor_id, number
"""  # noqa: S608 - made of constants

# A burst and the sessions that it meets. Sessions of one visitor are over 30 minutes apart, so none is cut.
_TOUCHED = """
    SELECT
        burst.visitor_id,
        least(burst.started_at, min(session.started_at)) AS started_at,
        greatest(burst.ended_at, max(session.ended_at)) AS ended_at
    FROM bursts AS burst LEFT JOIN past AS session
        ON burst.visitor_id = session.visitor_id
        AND session.ended_at >= burst.started_at - INTERVAL 30 MINUTES
        AND session.started_at <= burst.ended_at + INTERVAL 30 MINUTES
    GROUP BY burst.visitor_id, burst.started_at, burst.ended_at
"""

_PAST = "FROM sessions SEMI JOIN bursts USING (visitor_id)"
_EVENTS = f"""
    SELECT {", ".join(EVENT_COLUMNS)}
    FROM events AS event SEMI JOIN touched
        ON event.visitor_id = touched.visitor_id AND event.occurred_at BETWEEN touched.started_at AND touched.ended_at
"""  # noqa: S608 - made of constants
_REPLACED = """
    FROM past AS session SEMI JOIN touched
        ON session.visitor_id = touched.visitor_id
        AND session.started_at BETWEEN touched.started_at AND touched.ended_at
"""
_SCOPE = "SELECT session_id, started_at FROM replaced UNION SELECT session_id, started_at FROM fresh"


def refresh_sessions(new_events: pa.Table, lake: ArrowLake) -> None:
    """Recompute the sessions that rows of ``silver.clickstream_events`` touch."""
    bursts = run_sql(_BURSTS, events=new_events)
    if not bursts.num_rows:
        return
    past = run_sql(_PAST, sessions=lake.all_files(SILVER_SESSIONS), bursts=bursts)
    touched = run_sql(_TOUCHED, bursts=bursts, past=past)
    times = spans(touched["started_at"], touched["ended_at"])
    silver = lake.near(SILVER_CLICKSTREAM_EVENTS, "occurred_at", times)
    fresh = sessions(sessionized(run_sql(_EVENTS, events=silver, touched=touched)))
    replaced = run_sql(_REPLACED, past=past, touched=touched)
    lake.replace(SILVER_SESSIONS, fresh, run_sql(_SCOPE, replaced=replaced, fresh=fresh))
