"""What the stream's features of a visitor must have been at an instant, computed again from silver.

For the parity watch: the same formulas as live, on the events up to the row's own time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contracts.tables import SESSION_FEATURE_NAMES, SILVER_CLICKSTREAM_EVENTS, SILVER_SESSIONS
from data_lake.arrow_lake import ArrowLake
from data_lake.schemas import contracted
from data_lake.sql import ParquetFiles, open_sql
from feature_store.definitions import view_named
from feature_store.offline import as_feature
from feature_store.online import EVENT_TIMESTAMP
from feature_store.parity import Known
from feature_store.read_log import LoggedRead
from feature_store.session_features import session_features
from feature_store.visitor_features import visitor_features
from stream_processing.sessions import EVENT_COLUMNS, sessionized, sessions

# What arrived within this time before a read may not have reached the online store.
_ON_ITS_WAY = timedelta(minutes=1)
# DuckDB reads the files: delta-rs merges leave text that Arrow's filters cannot compare (string and string_view).
_PAST = "FROM rows WHERE visitor_id = $visitor_id AND started_at <= $until ORDER BY started_at"
_EVENTS = f"""
    SELECT {", ".join(EVENT_COLUMNS)}
    FROM rows
    WHERE visitor_id = $visitor_id AND occurred_at BETWEEN $began AND $until
"""  # noqa: S608 - made of constants
_LATE = """
    SELECT event_id FROM rows WHERE visitor_id = $visitor_id AND occurred_at <= $until AND processed_at > $after
"""

Compute = Callable[[LoggedRead, pa.Table, pa.Table], pa.Table]


def recomputed_visitors(lake: ArrowLake, reads: Sequence[LoggedRead]) -> list[Known]:
    """Return ``visitor_features`` at each read's ``event_timestamp``."""
    return [_recomputed(lake, read, read.entity_id, _visitor) for read in reads]


def recomputed_sessions(lake: ArrowLake, reads: Sequence[LoggedRead]) -> list[Known]:
    """Return ``session_features`` at each read's ``event_timestamp``."""
    return [_recomputed(lake, read, (read.features or {}).get("visitor_id"), _session) for read in reads]


def _recomputed(lake: ArrowLake, read: LoggedRead, visitor_id: str | None, compute: Compute) -> Known:
    # A read that found nothing has no instant to compute for: nothing is claimed of it.
    if read.features is None or visitor_id is None:
        return Known(None)
    until = datetime.fromisoformat(read.features[EVENT_TIMESTAMP])
    past, events = _up_to(lake, visitor_id, until)
    if not past.num_rows:
        return Known(None)
    rows = compute(read, past, events)
    return Known(_declared(read.view, rows), unsettled=_came_late(lake, visitor_id, until, read.read_at - _ON_ITS_WAY))


def _came_late(lake: ArrowLake, visitor_id: str, until: datetime, after: datetime) -> bool:
    """Say whether an event up to ``until``, of whatever session, arrived after a moment."""
    events = lake.after(SILVER_CLICKSTREAM_EVENTS, "processed_at", after)
    return bool(_query(_LATE, {"visitor_id": visitor_id, "until": until, "after": after}, events).num_rows)


def _up_to(lake: ArrowLake, visitor_id: str, until: datetime) -> tuple[pa.Table, pa.Table]:
    """Return the visitor's sessions that began up to an instant, and the events of the last of them up to it."""
    own = {"visitor_id": visitor_id, "until": until}
    past = contracted(_query(_PAST, own, lake.all_files(SILVER_SESSIONS)), SILVER_SESSIONS)
    began = past["started_at"][-1].as_py() if past.num_rows else until
    files = lake.near(SILVER_CLICKSTREAM_EVENTS, "occurred_at", [(began, until)])
    return past, _query(_EVENTS, own | {"began": began}, files)


def _query(sql: str, parameters: dict[str, Any], rows: ParquetFiles) -> pa.Table:
    with open_sql(sql, parameters, rows=rows) as answer:
        return answer.read_all()


def _visitor(_: LoggedRead, past: pa.Table, events: pa.Table) -> pa.Table:
    current = pa.concat_tables([past.slice(0, past.num_rows - 1), sessions(sessionized(events))])
    return visitor_features(current).rename_columns({"occurred_at": EVENT_TIMESTAMP})


def _session(read: LoggedRead, past: pa.Table, events: pa.Table) -> pa.Table:
    marked = sessionized(events)
    current = pa.concat_tables([past.slice(0, past.num_rows - 1), sessions(marked)])
    rows = session_features(marked, current).sort_by("event_number")
    own = rows.filter(pc.field("session_id") == read.entity_id)
    last = own.slice(max(own.num_rows - 1, 0))
    return last.select(["visitor_id", "occurred_at", *SESSION_FEATURE_NAMES]).rename_columns(
        {"occurred_at": EVENT_TIMESTAMP}
    )


def _declared(view: str, rows: pa.Table) -> dict[str, Any] | None:
    if not rows.num_rows:
        return None
    columns = {each.name: as_feature(rows[each.name], each.dtype) for each in view_named(view).features}
    [row] = pa.table(columns | {EVENT_TIMESTAMP: rows[EVENT_TIMESTAMP]}).to_pylist()
    return dict(row)
