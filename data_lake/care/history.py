"""The versions of a table: when, by which operation, how many rows, by whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from contracts.tables import Table
from data_lake.arrow_lake import ArrowLake

_ADDED = ("num_added_rows", "num_target_rows_inserted", "numOutputRows")
_REMOVED = ("num_deleted_rows", "num_target_rows_deleted")
_UPDATED = ("num_target_rows_updated",)


@dataclass(frozen=True)
class Version:
    """One commit. Rows are ``None`` where its writer did not say; ``by`` is the command, else the engine."""

    number: int
    committed_at: datetime
    operation: str
    added: int | None
    updated: int | None
    removed: int | None
    by: str


def history(lake: ArrowLake, table: Table, limit: int) -> Iterator[Version]:
    """Yield the newest ``limit`` versions, the newest first; raises ``NotReadyError``."""
    for commit in lake.open(table).history(limit):
        yield _version(commit)


def _version(commit: dict[str, Any]) -> Version:
    metrics = commit.get("operationMetrics", {})
    return Version(
        number=commit["version"],
        committed_at=datetime.fromtimestamp(commit["timestamp"] / 1000, UTC),
        operation=commit.get("operation", "unknown"),
        added=_first(metrics, _ADDED),
        updated=_first(metrics, _UPDATED),
        removed=_first(metrics, _REMOVED),
        by=commit.get("by") or commit.get("engineInfo", "unknown"),
    )


def _first(metrics: dict[str, Any], names: tuple[str, ...]) -> int | None:
    return next((int(metrics[name]) for name in names if name in metrics), None)
