"""The demo's bookkeeping, each term counted where it happens: pure functions on Arrow tables.

Only what the demo's own sources sent counts: ``sent_by`` in silver and the Kafka header ``producer`` in bronze.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contracts.events import Rejection, parse_event
from contracts.topics import MAPPING_ERROR_HEADER, PRODUCER_HEADER

_ROWS_AT_ONCE = 20_000


def count_accepted(event_tables: Iterable[pa.Table], sources: Collection[str]) -> int:
    """Return the distinct ``event_id`` that the sources landed in silver's event tables together."""
    ids = [_sent_by(table, sources).column("event_id") for table in event_tables]
    chunks = [chunk for column in ids for chunk in column.chunks]
    return int(pc.count_distinct(pa.chunked_array(chunks, pa.string())).as_py())


def count_rejected(rejected_events: pa.Table, sources: Collection[str]) -> dict[str, int]:
    """Return the sources' rejected messages by reason."""
    reasons = _sent_by(rejected_events, sources).column("reason").to_pylist()
    return dict(sorted(Counter(reasons).items()))


def count_valid_ids(bronze_tables: Iterable[pa.Table], sources: Collection[str]) -> Counter[str]:
    """Return how often each id of a valid event of the sources is in bronze (columns topic, value, headers)."""
    return Counter(_valid_ids(bronze_tables, sources))


def count_duplicates(times_seen: Mapping[str, int]) -> int:
    """Return the valid messages beyond the first of their id."""
    return sum(times - 1 for times in times_seen.values())


def _valid_ids(bronze_tables: Iterable[pa.Table], sources: Collection[str]) -> Iterator[str]:
    for table in bronze_tables:
        for batch in table.select(["topic", "value", "headers"]).to_batches(_ROWS_AT_ONCE):
            for row in batch.to_pylist():
                if (event_id := _valid_id(row, sources)) is not None:
                    yield event_id


def _valid_id(row: Mapping[str, Any], sources: Collection[str]) -> str | None:
    headers = {header["key"]: header["value"] for header in row["headers"] or ()}
    producer = (headers.get(PRODUCER_HEADER) or b"").decode(errors="replace")
    if producer not in sources or MAPPING_ERROR_HEADER in headers:
        return None
    event = parse_event(row["value"], row["topic"])
    return None if isinstance(event, Rejection) else str(event["event_id"])


def _sent_by(table: pa.Table, sources: Collection[str]) -> pa.Table:
    return table.filter(pc.is_in(table.column("sent_by"), pa.array(sorted(sources), pa.string())))
