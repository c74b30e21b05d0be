"""Retention: how long each table keeps its rows, by one policy, ``retention.yaml`` beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path

import pyarrow.compute as pc
import yaml

from contracts.errors import InvalidSettingError
from contracts.tables import Table, table_named
from data_lake.arrow_lake import ArrowLake
from data_lake.care.conflicts import beside_writers

_POLICY = Path(__file__).with_name("retention.yaml")


@dataclass(frozen=True)
class Rule:
    """``table`` keeps its rows for ``days`` whole days (UTC) by the time in ``column``."""

    table: Table
    days: int
    column: str

    def kept_from(self, today: date) -> datetime:
        """Return the midnight before which rows expire: no day ever expires by halves."""
        return datetime.combine(today - timedelta(days=self.days), time.min, UTC)


@dataclass(frozen=True)
class Expired:
    """The rows of one table that were deleted, or would be: those before ``kept_from``."""

    table: Table
    kept_from: datetime
    rows: int


@cache
def load_policy(path: Path = _POLICY) -> Mapping[str, Rule]:
    """Return table name → rule; raises ``InvalidSettingError`` and ``UnknownNameError``, which name the entry."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return {name: _rule(table_named(name), entry) for name, entry in entries.items()}


def kept_since(table: Table, today: date) -> date:
    """Return the first day of which ``table`` holds all that came; without a rule it is the first of all."""
    rule = load_policy().get(table.name)
    return rule.kept_from(today).date() if rule else date.min


def expire(lake: ArrowLake, rule: Rule, today: date, *, dry_run: bool) -> Expired:
    """Delete the rows that are older than the rule allows; a row without a time stays.

    Raises ``TableChangedError`` where other writers always were faster, and ``NotReadyError``.
    """
    kept_from = rule.kept_from(today)
    old = Expired(rule.table, kept_from, lake.scan(rule.table).count_rows(filter=pc.field(rule.column) < kept_from))
    if old.rows and not dry_run:
        condition = f"{rule.column} < '{kept_from.isoformat()}'"
        beside_writers(rule.table, lambda: lake.open(rule.table).delete(condition, commit_properties=lake.mark()))
    return old


def _rule(table: Table, entry: object) -> Rule:
    times = [column.name for column in table.columns if column.type == "timestamp"]
    match entry:
        case {"days": int(days), "by": str(column), **rest} if days > 0 and column in times and not rest:
            return Rule(table, days, column)
    msg = f"retention of {table.name} is {entry}: expected days (a whole number above 0) and by ({' or '.join(times)})"
    raise InvalidSettingError(msg)
