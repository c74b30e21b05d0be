"""silver.event_counts_daily: how many events of each kind every day has. From it batch tables know what became stale.

Grain: one kind and day; key: both. Counted again are the days of which silver's files came or went since: each commit
here says up to which versions of silver's tables it has seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc

from batch_processing.basket_pairs import BASKETS_OF_DAYS
from batch_processing.customer_product_matrix import FACTS_OF_CUSTOMERS, FACTS_OF_VISITORS
from batch_processing.customer_rfm import DEALS_OF_CUSTOMERS
from batch_processing.customer_visitors import EVENTS_NAMING_CUSTOMERS
from batch_processing.days import spans_of
from batch_processing.funnel_daily import EVENTS_OF_SESSIONS, SESSIONS_OF_PEOPLE
from batch_processing.product_categories import FACTS_WITH_CATEGORY
from batch_processing.product_facts import EVENTS_OF_DAYS
from batch_processing.recommendation_outcomes import DECIDING_EVENTS, LISTS_OF_DAYS
from batch_processing.silver import bot_sessions
from batch_processing.store_daily import EVENTS_OF_STORES
from batch_processing.transaction_lines import PRICE_CHANGES, SALES_OF_DAYS, STORE_WEATHER
from contracts.errors import TableChangedError
from contracts.tables import (
    SILVER_CLICKSTREAM_EVENTS,
    SILVER_EVENT_COUNTS_DAILY,
    SILVER_INVENTORY_EVENTS,
    SILVER_POS_EVENTS,
    SILVER_PRICE_EVENTS,
    SILVER_SESSIONS,
    SILVER_WEATHER_EVENTS,
    Table,
)
from data_lake.arrow_lake import ArrowLake
from data_lake.changed_files import Snapshot
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql

# Each is SQL for ``date`` and ``source_events`` of the events of whole days.
_COUNTS = {
    "product_facts": EVENTS_OF_DAYS,
    "facts_with_category": FACTS_WITH_CATEGORY,
    "facts_of_visitors": FACTS_OF_VISITORS,
    "facts_of_customers": FACTS_OF_CUSTOMERS,
    "customer_sightings": EVENTS_NAMING_CUSTOMERS,
    "deals_of_customers": DEALS_OF_CUSTOMERS,
    "baskets": BASKETS_OF_DAYS,
    "shown_lists": LISTS_OF_DAYS,
    "events_deciding_on_lists": DECIDING_EVENTS,
    "till_events": EVENTS_OF_STORES,
    "sales": SALES_OF_DAYS,
    "store_weather": STORE_WEATHER,
    "price_changes": PRICE_CHANGES,
    "session_events": EVENTS_OF_SESSIONS,
    "sessions_of_people": SESSIONS_OF_PEOPLE,
}
_SQL = " UNION ALL BY NAME ".join(f"SELECT '{name}' AS counted, * FROM ({sql})" for name, sql in _COUNTS.items())
# Formulas that changed count everything again.
_READER = f"counted:{sha256(_SQL.encode()).hexdigest()[:16]}"
# The first and the last instant of a row.
_TIMES: Mapping[Table, tuple[str, str]] = {
    SILVER_CLICKSTREAM_EVENTS: ("occurred_at", "occurred_at"),
    SILVER_POS_EVENTS: ("occurred_at", "occurred_at"),
    SILVER_SESSIONS: ("started_at", "ended_at"),
    SILVER_INVENTORY_EVENTS: ("occurred_at", "occurred_at"),
    SILVER_PRICE_EVENTS: ("effective_at", "effective_at"),
    SILVER_WEATHER_EVENTS: ("occurred_at", "occurred_at"),
}
# Beside a row that changed others go and come with its file: days whose rows are the same are left out. A bot's session
# also matters to lists shown until half an hour after it.
_DAYS = """
    SELECT DISTINCT unnest(generate_series(first, last, INTERVAL 1 DAY))::DATE AS date
    FROM (
        SELECT {first}::DATE AS first, ({last} + INTERVAL 30 MINUTE)::DATE AS last
        FROM (
            SELECT 1 AS sign, {came} AS content, {first}, {last} FROM came
            UNION ALL
            SELECT -1, hash(gone), {first}, {last} FROM gone
        )
        WHERE {first} IS NOT NULL AND {last} IS NOT NULL
        GROUP BY ALL
        HAVING sum(sign) <> 0 OR sum(sign * content::HUGEINT) <> 0
    )
"""


def count_events(**tables: Rows) -> pa.Table:
    """Return the counts of whole days of silver: its tables by their subject, and ``bot_sessions``."""
    return contracted(run_sql(_SQL, **tables), SILVER_EVENT_COUNTS_DAILY)


def counted_events(lake: ArrowLake, snapshots: Iterable[Snapshot]) -> pa.Table:
    """Return the counts of silver as it is in ``snapshots``, and keep them; of days without changes as kept before."""
    looked_at = [each for each in snapshots if each.table in _TIMES]
    marks = [each.read_by(_READER) for each in looked_at]
    counts = Snapshot.newest(lake, SILVER_EVENT_COUNTS_DAILY)
    kept = contracted(run_sql("FROM counts", counts=counts.rows), SILVER_EVENT_COUNTS_DAILY)
    seen = [counts.last_number(mark.writer) for mark in marks]
    if seen == [mark.number for mark in marks]:
        return kept
    days = _changed_days(looked_at, seen)
    fresh = count_events(**_rows_of(looked_at, days))
    # What another process counts meanwhile is as good.
    with suppress(TableChangedError):
        lake.overwrite(SILVER_EVENT_COUNTS_DAILY, fresh, _condition(days), marks)
    if days is None:
        return fresh
    others = kept.filter(pc.invert(pc.is_in(kept["date"], pa.array(sorted(days), pa.date32()))))
    return pa.concat_tables([others, fresh])


def _changed_days(snapshots: Iterable[Snapshot], seen: Iterable[int | None]) -> set[date] | None:
    """Return the days whose rows are not those that were seen; None where that cannot be known."""
    days: set[date] = set()
    for snapshot, version in zip(snapshots, seen, strict=True):
        changes = None if version is None else snapshot.changes_since(version)
        if changes is None:
            return None
        first, last = _TIMES[snapshot.table]
        # Where nothing went, all that came is new.
        sql = _DAYS.format(first=first, last=last, came="hash(came)" if changes.gone.paths else "0")
        days.update(run_sql(sql, came=changes.came, gone=changes.gone)["date"].to_pylist())
    return days


def _rows_of(snapshots: Iterable[Snapshot], days: set[date] | None) -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    for each in snapshots:
        first, _ = _TIMES[each.table]
        subject = each.table.name.partition(".")[2]
        found[subject] = each.rows if days is None else each.rows_within(first, spans_of(days))
        if each.table == SILVER_SESSIONS:
            found["bot_sessions"] = bot_sessions(each.rows)
    return found


def _condition(days: set[date] | None) -> str:
    if not days:
        return "true" if days is None else "false"
    return f"date IN ({', '.join(repr(day.isoformat()) for day in sorted(days))})"
