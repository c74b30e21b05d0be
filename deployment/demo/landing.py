"""What has landed in the lake, and waiting until all of it has."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from threading import Event as Flag

import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import PermanentError
from contracts.tables import (
    EVENT_TABLES,
    GOLD_REVENUE_PER_MINUTE,
    SILVER_CLICKSTREAM_EVENTS,
    SILVER_POS_EVENTS,
    SILVER_REJECTED_EVENTS,
    SILVER_SESSIONS,
    TABLES,
    Table,
    bronze_table,
)
from contracts.topics import PRODUCER_HEADER
from data_lake.arrow_lake import ArrowLake
from deployment.demo.counts import count_accepted, count_duplicates, count_rejected, count_valid_ids

_POLL_S = 0.5
_BRONZE_TABLES = tuple(bronze_table(topic) for topic in EVENT_TABLES)
_SALES = {SILVER_CLICKSTREAM_EVENTS: "order_placed", SILVER_POS_EVENTS: "pos_transaction_completed"}


@dataclass(frozen=True)
class Landed:
    """The terms of the books: ``accepted`` distinct ids and ``rejected`` by reason from silver, rest from bronze."""

    accepted: int
    duplicates: int
    rejected: dict[str, int]


class LandedEvents:
    """The events of the demo's ``sources`` (values of ``sent_by``) as they are in the lake now."""

    def __init__(self, lake: ArrowLake, sources: Collection[str], stopped: Flag | None = None) -> None:
        self._lake = lake
        self._sources = sources
        self._stopped = stopped or Flag()

    def count(self) -> Landed:
        """Count each term in its own tables."""
        return Landed(self._accepted(), count_duplicates(self._times_seen()), self._rejected())

    def wait_for(self, sent: int, within_s: float, rejected: int | None = None) -> None:
        """Return when all ``sent`` messages are in bronze and in silver and what is computed from them has caught up.

        ``rejected`` is how many rejected messages silver will have, where not each of bronze adds one: those of a
        second replay do not. Raises ``PermanentError`` that says how far it came.
        """
        deadline = time.monotonic() + within_s
        self._until(lambda: self._missing_in_bronze(sent), deadline)
        times_seen = self._times_seen()
        bad = sent - times_seen.total() if rejected is None else rejected
        self._until(lambda: self._missing_in_silver(len(times_seen), bad), deadline)
        self._until(self._missing_downstream, deadline)

    def _missing_in_bronze(self, sent: int) -> str:
        landed = sum(map(self._rows, _BRONZE_TABLES))
        if landed >= sent:
            headers = (self._lake.read(table, ["headers"]) for table in _BRONZE_TABLES)
            landed = sum(_count_messages(table, self._sources) for table in headers)
        return "" if landed == sent else f"bronze has {landed:,} of {sent:,} messages"

    def _missing_in_silver(self, good: int, bad: int) -> str:
        accepted, rejected = self._accepted(), sum(self._rejected().values())
        if (accepted, rejected) == (good, bad):
            return ""
        return f"silver has {accepted:,} of {good:,} events and {rejected:,} of {bad:,} rejected ones"

    def _missing_downstream(self) -> str:
        events = self._lake.read(SILVER_CLICKSTREAM_EVENTS, ["event_type"]).column("event_type")
        expected = {
            SILVER_SESSIONS.name: pc.sum(pc.not_equal(events, "recommendations_shown")).as_py() or 0,
            GOLD_REVENUE_PER_MINUTE.name: self._sales(),
        }
        found = {
            SILVER_SESSIONS.name: self._sum(SILVER_SESSIONS, "event_count"),
            GOLD_REVENUE_PER_MINUTE.name: self._sum(GOLD_REVENUE_PER_MINUTE, "orders"),
        }
        return "; ".join(
            f"{name} covers {found[name]} of {expected[name]}" for name in expected if found[name] != expected[name]
        )

    def _until(self, missing: Callable[[], str], deadline: float) -> None:
        while text := missing():
            if time.monotonic() > deadline or self._stopped.wait(_POLL_S):
                msg = f"not all has landed: {text}"
                raise PermanentError(msg)

    def _sales(self) -> int:
        types = {table: self._lake.read(table, ["event_type"]).column("event_type") for table in _SALES}
        return sum(pc.sum(pc.equal(types[table], sale)).as_py() or 0 for table, sale in _SALES.items())

    def _times_seen(self) -> Counter[str]:
        columns = ["topic", "value", "headers"]
        return count_valid_ids((self._lake.read(table, columns) for table in _BRONZE_TABLES), self._sources)

    def _accepted(self) -> int:
        events = [self._lake.read(table, ["event_id", "sent_by"]) for table in EVENT_TABLES.values()]
        return count_accepted(events, self._sources)

    def _rejected(self) -> dict[str, int]:
        return count_rejected(self._lake.read(SILVER_REJECTED_EVENTS, ["reason", "sent_by"]), self._sources)

    def _rows(self, table: Table) -> int:
        return self._lake.count(table) if self._lake.exists(table) else 0

    def _sum(self, table: Table, column: str) -> int:
        return int(pc.sum(self._lake.read(table, [column]).column(column)).as_py() or 0)


def layer_rows(lake: ArrowLake) -> dict[str, dict[str, int]]:
    """Return layer → table → rows, for the tables that exist."""
    rows: dict[str, dict[str, int]] = {}
    for table in TABLES:
        if lake.exists(table):
            rows.setdefault(table.layer, {})[table.name.partition(".")[2]] = lake.count(table)
    return rows


def _count_messages(bronze: pa.Table, sources: Collection[str]) -> int:
    headers = pc.list_flatten(bronze.column("headers"))
    is_producer = pc.equal(pc.struct_field(headers, "key"), PRODUCER_HEADER)
    is_ours = pc.is_in(pc.struct_field(headers, "value"), pa.array([source.encode() for source in sources]))
    return pc.sum(pc.and_(is_producer, is_ours)).as_py() or 0
