"""Rejected events with what was decided on each: found, counted, decided. ``silver.rejected_events`` never changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import pyarrow as pa

from contracts.errors import UnknownNameError
from contracts.tables import SILVER_REJECTED_DECISIONS, SILVER_REJECTED_EVENTS
from data_lake.arrow_lake import ArrowLake
from data_lake.schemas import arrow_schema
from data_lake.sql import open_sql


class State(StrEnum):
    """What became of a rejected event."""

    OPEN = "open"
    REPLAYED = "replayed"
    DROPPED = "dropped"


@dataclass(frozen=True)
class RejectedEvent:
    """One row of ``silver.rejected_events`` and the latest decision on it, null where there is none."""

    rejected_id: str
    topic: str
    partition: int
    offset: int
    reason: str
    field: str
    message: str
    value: bytes
    sent_by: str | None
    source_file: str | None
    source_line: int | None
    received_at: datetime
    state: State
    decided_at: datetime | None
    because: str | None
    patch: str | None
    event_id: str | None


@dataclass(frozen=True)
class Filter:
    """Which ones: every condition that is not None holds; ``since`` ≤ received_at < ``until``."""

    ids: Sequence[str] | None = None
    reason: str | None = None
    topic: str | None = None
    producer: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    state: State | None = None


@dataclass(frozen=True)
class Decision:
    """One row of ``silver.rejected_decisions``."""

    rejected_id: str
    decision: State
    decided_at: datetime
    because: str | None = None
    patch: str | None = None
    event_id: str | None = None


@dataclass(frozen=True)
class Count:
    """Rejected events of one reason, topic, producer or day (UTC, by received_at), by state."""

    value: str | date | None
    rejected: int
    open: int
    replayed: int
    dropped: int


_CONDITIONS = {
    "ids": "list_contains($ids, rejected_id)",
    "reason": "reason = $reason",
    "topic": "topic = $topic",
    "producer": "sent_by = $producer",
    "since": "received_at >= $since",
    "until": "received_at < $until",
    "state": "state = $state",
}
DIMENSIONS = {"reason": "reason", "topic": "topic", "producer": "sent_by", "day": "received_at::DATE"}
_ROWS = """
    WITH latest AS (FROM decisions QUALIFY row_number() OVER (PARTITION BY rejected_id ORDER BY decided_at DESC) = 1),
    rows AS (
        SELECT events.*, coalesce(decision, 'open') AS state, decided_at, because, patch, event_id
        FROM events LEFT JOIN latest USING (rejected_id)
    )
"""


class RejectedEvents:
    """The rejected events of a lake; every method raises ``NotReadyError`` where no event was ever landed."""

    def __init__(self, lake: ArrowLake) -> None:
        self._lake = lake

    def find(self, wanted: Filter, newest_first: bool = False, limit: int | None = None) -> Iterator[RejectedEvent]:
        """Yield those that fit, in the order of their arrival; one snapshot, taken with the first."""
        columns = ", ".join(f'"{field.name}"' for field in fields(RejectedEvent))
        order = f'ORDER BY received_at {"DESC" if newest_first else ""}, topic, "partition", "offset"'
        most = f"LIMIT {limit}" if limit else ""
        sql = f"{_ROWS} SELECT {columns} FROM rows {_where(wanted)} {order} {most}"  # noqa: S608 - values are parameters
        for row in self._query(sql, _parameters(wanted)):
            yield RejectedEvent(**{**row, "state": State(row["state"])})

    def counts(self, dimension: str, wanted: Filter) -> list[Count]:
        """Return the counts by one of ``DIMENSIONS``, the largest first, days in order."""
        states = ", ".join(f"count(*) FILTER (state = '{state}') AS {state}" for state in State)
        order = "1" if dimension == "day" else "2 DESC, 1"
        sql = f"""
            {_ROWS} SELECT {DIMENSIONS[dimension]} AS value, count(*) AS rejected, {states}
            FROM rows {_where(wanted)} GROUP BY 1 ORDER BY {order}
        """  # noqa: S608 - values are parameters
        return [Count(**row) for row in self._query(sql, _parameters(wanted))]

    def full_ids(self, prefixes: Sequence[str]) -> list[str]:
        """Return the id that begins with each prefix; raises ``UnknownNameError`` unless it is exactly one."""
        sql = "SELECT p AS prefix, rejected_id FROM events JOIN unnest($prefixes) t(p) ON starts_with(rejected_id, p)"
        found: dict[str, list[str]] = {prefix: [] for prefix in prefixes}
        for row in self._query(sql, {"prefixes": list(found)}):
            found[row["prefix"]].append(row["rejected_id"])
        for prefix, ids in found.items():
            if len(ids) != 1:
                problem = f"{len(ids)} begin so: expected more of it" if ids else "see `aisle rejected list`"
                msg = f"no rejected event has the id {prefix!r}: {problem}"
                raise UnknownNameError(msg)
        return [ids[0] for ids in found.values()]

    def decide(self, decisions: Iterable[Decision]) -> None:
        """Add the decisions in one commit; the table is made with the first."""
        schema = arrow_schema(SILVER_REJECTED_DECISIONS)
        rows = pa.Table.from_pylist([vars(each) for each in decisions], schema)
        self._lake.create_missing([SILVER_REJECTED_DECISIONS])
        self._lake.append(SILVER_REJECTED_DECISIONS, rows)

    def _query(self, sql: str, parameters: Mapping[str, object]) -> Iterator[dict[str, Any]]:
        tables = {"events": self._lake.scan(SILVER_REJECTED_EVENTS)}
        if self._lake.exists(SILVER_REJECTED_DECISIONS):
            tables["decisions"] = self._lake.scan(SILVER_REJECTED_DECISIONS)
        else:
            tables["decisions"] = arrow_schema(SILVER_REJECTED_DECISIONS).empty_table()
        with open_sql(sql, parameters, **tables) as batches:
            for batch in batches:
                yield from batch.to_pylist()


def _parameters(wanted: Filter) -> dict[str, object]:
    return {name: value for name, value in vars(wanted).items() if value is not None}


def _where(wanted: Filter) -> str:
    return " AND ".join(["WHERE true", *(_CONDITIONS[name] for name in _parameters(wanted))])
