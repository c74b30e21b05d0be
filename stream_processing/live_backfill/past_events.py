"""The past of one partition of the clickstream, from silver: whom its events are about, and what they do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from contracts.tables import SILVER_CLICKSTREAM_EVENTS
from data_lake.arrow_lake import ArrowLake
from data_lake.sql import ParquetFiles, open_sql, run_sql
from feature_store.live.effects import Effects, effects_of
from feature_store.live.keys import Kind
from feature_store.live.windows import LONGEST

_PAST = 'SELECT * FROM events WHERE "partition" = {partition} AND epoch_us(occurred_at) >= {oldest_us}'
_WHO = {
    Kind.VISITOR: "SELECT visitor_id AS id FROM past WHERE event_type <> 'recommendations_shown'",
    Kind.PRODUCT: """
        SELECT product_id AS id FROM past WHERE product_id IS NOT NULL
        UNION ALL
        SELECT unnest([line.product_id FOR line IN lines]) FROM past
    """,
}
_OF_THEM = {
    Kind.VISITOR: "visitor_id IN (SELECT id FROM wanted)",
    Kind.PRODUCT: "(product_id IN (SELECT id FROM wanted) OR lines IS NOT NULL)",
}
# Money as text, as it was sent.
_FIELDS = """
    "offset", event_id, event_type, occurred_at, visitor_id, product_id, quantity, unit_price::VARCHAR AS unit_price,
    [{'product_id': line.product_id, 'quantity': line.quantity, 'unit_price': line.unit_price::VARCHAR}
        FOR line IN lines] AS lines
"""


@dataclass(frozen=True)
class PastEvents:
    """Reads the events of a partition that a window may still need at ``now``."""

    lake: ArrowLake
    partition: int
    now: datetime

    def who(self, kind: Kind) -> list[tuple[str, int]]:
        """Return the visitors or products that the events are about, and how many events each has."""
        found = run_sql(
            f"WITH past AS ({self._past()}) SELECT id, count(*) AS events FROM ({_WHO[kind]}) GROUP BY id ORDER BY id",  # noqa: S608
            events=self._files(),
        )
        return list(zip(found["id"].to_pylist(), found["events"].to_pylist(), strict=True))

    def effects(self, kind: Kind, ids: Sequence[str]) -> Iterator[tuple[int, Effects]]:
        """Yield offset and effects of every event of these visitors or products; others may be among them."""
        query = f"WITH past AS ({self._past()}) SELECT {_FIELDS} FROM past WHERE {_OF_THEM[kind]}"  # noqa: S608
        with open_sql(query, {}, events=self._files(), wanted=pa.table({"id": list(ids)})) as batches:
            for batch in batches:
                for row in batch.to_pylist():
                    effects = effects_of(_event(row))
                    if effects is not None:
                        yield row["offset"], effects

    def _past(self) -> str:
        return _PAST.format(partition=self.partition, oldest_us=int(self._oldest().timestamp() * 1_000_000))

    def _oldest(self) -> datetime:
        return self.now - timedelta(seconds=LONGEST.span_s)

    def _files(self) -> ParquetFiles:
        return self.lake.after(SILVER_CLICKSTREAM_EVENTS, "occurred_at", self._oldest())


def _event(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as the event that it was: without what it did not have."""
    given = {name: value for name, value in row.items() if value is not None}
    return given | {"occurred_at": row["occurred_at"].isoformat()}
