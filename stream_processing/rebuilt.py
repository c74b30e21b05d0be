"""What lets a lake made anew from bronze take the place of the live one's silver and gold."""

from __future__ import annotations

from contracts.tables import CHECKED_TABLES
from data_lake.arrow_lake import ArrowLake, Transaction
from data_lake.schemas import arrow_schema
from stream_processing.checkpoint import writer_of
from stream_processing.taken_offsets import Offsets, taken_offsets


def offsets_in_step(lake: ArrowLake) -> Offsets | None:
    """Return how far the lake's bronze and silver have read Kafka; ``None`` where one is ahead of the other."""
    bronze, silver = (taken_offsets([lake.checkpoint(name)]) for name in ("bronze", "silver"))
    return bronze if bronze == silver else None


def adopt_numbers(live: ArrowLake, anew: ArrowLake) -> None:
    """Let the tables made anew know which micro-batches of the live silver they hold: all up to its last."""
    writer = writer_of(live, "silver")
    for table in CHECKED_TABLES:
        number = live.last_number(table, writer) if writer else None
        if writer and number is not None:
            anew.append(table, arrow_schema(table).empty_table(), Transaction(writer, number))
