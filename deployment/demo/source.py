"""Where the demo's events come from: the simulated shop, or a file of real ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.errors import InvalidSourceFileError
from data_sources.mapping import read_mapping
from data_sources.open_source import open_source
from data_sources.replay import replay
from data_sources.source_file import SourceFile

# Enough for the models to learn from, few enough for two cores and three minutes.
_EVENTS_PER_DAY = 6000
# A file is known by columns that only it has.
_KNOWN_COLUMNS = {
    "rees46": {"event_time", "event_type", "product_id", "user_id", "user_session"},
    "online_retail": {"InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice"},
}


@dataclass(frozen=True)
class Source:
    """A source of history: the command that sends it, and whether the shop can go on trading live after it."""

    title: str
    command: tuple[str, ...]
    trades_live: bool


def simulated(days: int, seed: int) -> Source:
    """Return the simulated shop with ``days`` of history."""
    command = ("simulate", "--days", str(days), "--events-per-day", str(_EVENTS_PER_DAY), "--seed", str(seed))
    return Source(f"{days} days of a simulated shop", command, trades_live=True)


def replayed(file: Path, mapping: str | None) -> Source:
    """Return the replay of a file; ``mapping`` is guessed from the header where it is not given.

    Raises what ``aisle replay`` would: before anything is started.
    """
    name = mapping or guess_mapping(file)
    read = read_mapping(name)
    replay(open_source(file, read), read)
    command = ("replay", str(file.absolute()), "--mapping", name, "--speed", "max")
    return Source(f"a replay of {file.name}", command, trades_live=False)


def sender_in(report: Mapping[str, Any]) -> str:
    """Return what a source writes into the Kafka header ``producer``, from its report."""
    return f"replay:{report['mapping']}" if "mapping" in report else "simulator"


def guess_mapping(file: Path) -> str:
    """Return the shipped mapping that fits the file's header; raises ``InvalidSourceFileError``."""
    columns = set(SourceFile(file).header())
    for mapping, known in _KNOWN_COLUMNS.items():
        if known <= columns:
            return mapping
    msg = (
        f"{file}: no shipped mapping fits its columns {', '.join(map(repr, sorted(columns)))}: "
        f"give one with --mapping (known: {', '.join(_KNOWN_COLUMNS)}, or a YAML file)"
    )
    raise InvalidSourceFileError(msg)
