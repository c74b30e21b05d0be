"""gold.session_training_rows: each event of a day's sessions, with what was known then and what came after."""

from __future__ import annotations

import pyarrow as pa

from contracts.tables import GOLD_SESSION_TRAINING_ROWS
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql
from feature_store.session_features import IS_ACTIVITY, session_features

_EVENTS = f"""
    SELECT event.*, session_id
    FROM clickstream_events AS event JOIN sessions USING (visitor_id)
    WHERE {IS_ACTIVITY}
        AND occurred_at BETWEEN started_at AND ended_at
        AND started_at::DATE IN (SELECT date FROM days)
"""

_OF_DAYS = """
    SELECT features.*, date, source_events
    FROM features JOIN sessions USING (session_id) JOIN days ON started_at::DATE = date
"""


def session_training_rows(sessions: Rows, clickstream_events: Rows, days: Rows) -> pa.Table:
    """Return one row per event of the sessions that started on the days (UTC): ``session_features``, and the day.

    ``sessions`` must hold every one up to the end of the days, ``clickstream_events`` reach from the first session of
    the days to the end of the last; ``days`` holds ``funnel_daily.EVENTS_UP_TO_DAYS``.
    """
    events = run_sql(_EVENTS, clickstream_events=clickstream_events, sessions=sessions, days=days)
    features = session_features(events, sessions)
    return contracted(run_sql(_OF_DAYS, features=features, sessions=sessions, days=days), GOLD_SESSION_TRAINING_ROWS)
