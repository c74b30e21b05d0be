"""gold.visitor_features: what was known of each visitor who came on a day, at the end of that day's sessions."""

from __future__ import annotations

import pyarrow as pa

from contracts.tables import GOLD_VISITOR_FEATURES
from data_lake.schemas import arrow_schema, contracted
from data_lake.sql import Rows, run_sql
from feature_store import visitor_features as formula

_UP_TO_DAY = """
    FROM sessions
    SEMI JOIN (SELECT DISTINCT visitor_id FROM sessions, day WHERE started_at::DATE = date) USING (visitor_id)
    WHERE started_at::DATE <= (SELECT date FROM day)
"""


def visitor_features(sessions: Rows, days: pa.Table) -> pa.Table:
    """Return one row per day (UTC) and visitor with a session that started on it, from all sessions up to then.

    ``days`` holds ``funnel_daily.EVENTS_UP_TO_DAYS``.
    """
    none = arrow_schema(GOLD_VISITOR_FEATURES).empty_table()
    return pa.concat_tables([none, *(_of_day(sessions, days.slice(number, 1)) for number in range(days.num_rows))])


def _of_day(sessions: Rows, day: pa.Table) -> pa.Table:
    features = formula.visitor_features(run_sql(_UP_TO_DAY, sessions=sessions, day=day))
    return contracted(run_sql("FROM features, day", features=features, day=day), GOLD_VISITOR_FEATURES)
