"""The books after a run of the streams: nothing lost, nothing doubled, gold equal to a computation from silver."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from contracts.tables import (
    BRONZE_CLICKSTREAM,
    BRONZE_POS,
    GOLD_REVENUE_PER_MINUTE,
    SILVER_CLICKSTREAM_EVENTS,
    SILVER_POS_EVENTS,
    SILVER_REJECTED_EVENTS,
    SILVER_SESSIONS,
    TABLES,
)
from data_lake.arrow_lake import ArrowLake
from data_lake.sql import run_sql
from stream_processing.sessions import sessionized, sessions

_IDS = """
    SELECT count(*) AS events, count(DISTINCT event_id) AS ids
    FROM (SELECT event_id FROM clicks UNION ALL SELECT event_id FROM tills)
"""
# A sixteenth of the visitors, with all that is theirs.
_SAMPLE = "SELECT * FROM rows WHERE hash(visitor_id) % 16 = 0"
_DIFFERENT = "SELECT count(*) AS n FROM ((FROM one EXCEPT FROM other) UNION ALL (FROM other EXCEPT FROM one))"
_REVENUE = """
    SELECT date_trunc('minute', occurred_at) AS minute, if(tills, 'pos', 'online') AS channel,
        round(sum(list_sum([line.quantity * line.unit_price::DECIMAL(28, 4) FOR line IN lines]))
            FILTER (event_type <> 'pos_return_completed'), 2) AS revenue
    FROM (
        SELECT occurred_at, event_type, lines, false AS tills FROM clicks WHERE event_type = 'order_placed'
        UNION ALL
        SELECT occurred_at, event_type, lines, true FROM tills
    )
    GROUP BY ALL
"""
_STORED_REVENUE = "SELECT minute, channel, if(orders > 0, revenue, NULL) AS revenue FROM stored"
_DAYS = 30
_A_BILLION_A_DAY = 1_000_000_000


def books(lake: ArrowLake, sent: int) -> dict[str, Any]:
    """Compare what was sent with silver, and gold with silver."""
    clicks, tills = lake.all_files(SILVER_CLICKSTREAM_EVENTS), lake.all_files(SILVER_POS_EVENTS)
    [row] = run_sql(_IDS, clicks=clicks, tills=tills).to_pylist()
    return {
        "lost": sent - row["ids"],
        "duplicated": row["events"] - row["ids"],
        "bronze_missing": sent - sum(lake.count(table) for table in (BRONZE_CLICKSTREAM, BRONZE_POS)),
        "rejected": lake.count(SILVER_REJECTED_EVENTS),
        "wrong_sessions_in_a_sixteenth": _wrong_sessions(lake),
        "wrong_minutes": _different(
            run_sql(_REVENUE, clicks=clicks, tills=tills),
            run_sql(_STORED_REVENUE, stored=lake.all_files(GOLD_REVENUE_PER_MINUTE)),
        ),
    }


def _wrong_sessions(lake: ArrowLake) -> int:
    theirs = run_sql(_SAMPLE, rows=lake.all_files(SILVER_CLICKSTREAM_EVENTS))
    return _different(sessions(sessionized(theirs)), run_sql(_SAMPLE, rows=lake.all_files(SILVER_SESSIONS)))


def _different(one: Any, other: Any) -> int:
    return int(run_sql(_DIFFERENT, one=one, other=other)["n"][0].as_py())


def sizes(lake: ArrowLake, events: int) -> dict[str, Any]:
    """Return the bytes an event takes in each layer, vacuumed, and what thirty days of a billion events would need."""
    of_layer = Counter({"state": sum(path.stat().st_size for path in _files(Path(lake.uri) / "_checkpoints"))})
    for table in TABLES:
        of_layer[table.layer] += sum(lake.open(table).get_add_actions()["size_bytes"].to_pylist())
    per_event = {layer: round(size / events, 1) for layer, size in of_layer.items()}
    terabytes = sum(per_event.values()) * _A_BILLION_A_DAY * _DAYS / 1e12
    return {"bytes_per_event": per_event, "thirty_days_of_a_billion_tb": round(terabytes, 2)}


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
