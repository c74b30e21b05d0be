"""What live features of a visitor must have been at a read, computed again from silver's events: for the parity watch.

The formulas are those of the training rows and of ``feature_store.live.offline``, on what had arrived by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contracts.tables import SESSION_FEATURE_NAMES, SILVER_CLICKSTREAM_EVENTS
from data_lake.arrow_lake import ArrowLake
from data_lake.sql import run_sql
from feature_store.definitions import view_named
from feature_store.live.offline import visitor_windows
from feature_store.offline import as_feature
from feature_store.parity import Known
from feature_store.read_log import EVENT_TIMESTAMP, LoggedRead
from feature_store.session_features import IS_ACTIVITY, session_features
from feature_store.visitor_features import visitor_features
from stream_processing.sessions import EVENT_COLUMNS, sessionized, sessions

# What landed within this time before a read, or after it, may not have been readable yet.
ON_ITS_WAY = timedelta(minutes=1)
# By DuckDB: Arrow cannot compare text of a file that delta-rs wrote.
_EVENTS = f"""
    SELECT {", ".join(EVENT_COLUMNS)}, received_at, processed_at
    FROM rows SEMI JOIN wanted USING (visitor_id)
    WHERE {IS_ACTIVITY}
"""  # noqa: S608 - made of constants

# From a visitor's events to one row with EVENT_TIMESTAMP, or none.
Compute = Callable[[pa.Table, LoggedRead], pa.Table]


def recomputed_visitors(lake: ArrowLake, reads: Sequence[LoggedRead]) -> list[Known]:
    """Return ``visitor_features`` at each read's ``event_timestamp``."""
    return _recomputed(lake, reads, _life)


def recomputed_sessions(lake: ArrowLake, reads: Sequence[LoggedRead]) -> list[Known]:
    """Return ``session_features`` at each read's ``event_timestamp``."""
    return _recomputed(lake, reads, _session)


def recomputed_activity(lake: ArrowLake, reads: Sequence[LoggedRead]) -> list[Known]:
    """Return ``visitor_activity`` at the moment of each read."""
    return _recomputed(lake, reads, _windows)


def _recomputed(lake: ArrowLake, reads: Sequence[LoggedRead], compute: Compute) -> list[Known]:
    events = _events_of(lake, {read.entity_id for read in reads})
    landed_up_to = lake.newest(SILVER_CLICKSTREAM_EVENTS, "received_at")
    return [_known(read, events, landed_up_to, compute) for read in reads]


def _events_of(lake: ArrowLake, visitor_ids: Iterable[str]) -> pa.Table:
    """Return all activity of the visitors."""
    wanted = pa.table({"visitor_id": pa.array(visitor_ids, pa.string())})
    return run_sql(_EVENTS, rows=lake.all_files(SILVER_CLICKSTREAM_EVENTS), wanted=wanted)


def _known(read: LoggedRead, events: pa.Table, landed_up_to: datetime | None, compute: Compute) -> Known:
    # A read that found nothing has no instant to compute for: nothing is claimed of it.
    if read.features is None:
        return Known(None)
    own = events.filter((pc.field("visitor_id") == read.entity_id) & (pc.field("received_at") <= read.read_at))
    if not own.num_rows:
        return Known(None, unsettled=_is_behind(landed_up_to, read))
    late = pc.any(pc.greater(own["processed_at"], pa.scalar(read.read_at - ON_ITS_WAY))).as_py()
    lacks_the_last = pc.max(own["occurred_at"]).as_py() < _last_event(read)
    rows = compute(own.select(EVENT_COLUMNS), read)
    return Known(_declared(read.view, rows), unsettled=late or (lacks_the_last and _is_behind(landed_up_to, read)))


def _is_behind(landed_up_to: datetime | None, read: LoggedRead) -> bool:
    """Say whether an event that the read knew may not have landed yet."""
    return landed_up_to is None or landed_up_to < read.read_at


def _last_event(read: LoggedRead) -> datetime:
    return datetime.fromisoformat((read.features or {})[EVENT_TIMESTAMP])


def _up_to(events: pa.Table, read: LoggedRead) -> pa.Table:
    return sessionized(events.filter(pc.field("occurred_at") <= _last_event(read)))


def _life(events: pa.Table, read: LoggedRead) -> pa.Table:
    so_far = visitor_features(sessions(_up_to(events, read)))
    return so_far.rename_columns({"occurred_at": EVENT_TIMESTAMP})


def _session(events: pa.Table, read: LoggedRead) -> pa.Table:
    marked = _up_to(events, read)
    last = pc.max(marked["session_number"])
    running = session_features(marked.filter(pc.equal(marked["session_number"], last)), sessions(marked))
    rows = running.sort_by("event_number").slice(max(running.num_rows - 1, 0))
    return rows.select(["session_id", "occurred_at", *SESSION_FEATURE_NAMES]).rename_columns(
        {"occurred_at": EVENT_TIMESTAMP}
    )


def _windows(events: pa.Table, read: LoggedRead) -> pa.Table:
    rows = visitor_windows(events, read.read_at)
    last = pc.floor_temporal(pc.max(events["occurred_at"]), unit="second")
    return rows.append_column(EVENT_TIMESTAMP, pa.array([last.as_py()] * rows.num_rows, last.type))


def _declared(view: str, rows: pa.Table) -> dict[str, Any] | None:
    if not rows.num_rows:
        return None
    columns = {each.name: as_feature(rows[each.name], each.dtype) for each in view_named(view).features}
    [row] = pa.table(columns | {EVENT_TIMESTAMP: rows[EVENT_TIMESTAMP]}).to_pylist()
    return dict(row)
