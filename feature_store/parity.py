"""Whether what was read online is what the lake says: each logged read against a recomputation for its moment."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from feast.types import UnixTimestamp

from contracts.tables import table_named
from data_lake.arrow_lake import ArrowLake
from data_lake.care.history import history
from feature_store.definitions import VIEWS, view_named
from feature_store.lake_source import source_of
from feature_store.offline import latest_of
from feature_store.read_log import EVENT_TIMESTAMP, LoggedRead

Features = Mapping[str, Any]
_VIEWS = {view.name for view in VIEWS}
# Relative: a sum of doubles may be added up in another order.
_TOLERANCE = 1e-9
# Of a table that is built once a day: reads of before them are compared with the oldest.
_VERSIONS = 200


class Outcome(Enum):
    """What became of one read."""

    EQUAL = "equal"
    DIFFERENT = "different"
    """Values of one instant differ, or the lake knows nothing of it: a mismatch."""
    BEHIND = "behind"
    """The lake had a newer row, or an event that had just arrived: not a mismatch but lag."""
    MISSING = "missing"
    """The lake had a row and the online store none: not materialized, expired or erased."""
    NOTHING = "nothing"
    """Neither had one."""


@dataclass(frozen=True)
class Known:
    """What the lake says of a read: the latest features with ``event_timestamp``, or None.

    ``unsettled`` where something had arrived so shortly before that the online store may have been on its way to it, or
    where the lake does not reach up to the read.
    """

    features: Features | None
    unsettled: bool = False


Recompute = Callable[[ArrowLake, Sequence[LoggedRead]], Sequence[Known]]


@dataclass
class ViewParity:
    """The reads of one view by outcome, and how often each feature differed."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    features: Counter[str] = field(default_factory=Counter)

    @property
    def compared(self) -> int:
        """Reads whose values could be compared."""
        return self.outcomes[Outcome.EQUAL] + self.outcomes[Outcome.DIFFERENT]

    @property
    def mismatch_ratio(self) -> float:
        """The different ones over the compared ones; 0 without any."""
        return self.outcomes[Outcome.DIFFERENT] / self.compared if self.compared else 0.0


def compare(lake: ArrowLake, reads: Sequence[LoggedRead], live: Mapping[str, Recompute]) -> dict[str, ViewParity]:
    """Return the parity of each view that was read.

    ``live`` recomputes the views that are read from the live path; the others' rows are looked up in their tables.
    """
    by_view: dict[str, list[LoggedRead]] = {}
    # A view may have been taken out of the definitions since.
    for read in (each for each in reads if each.view in _VIEWS):
        by_view.setdefault(read.view, []).append(read)
    return {
        view: _parity_of(view_reads, live.get(view, from_table)(lake, view_reads))
        for view, view_reads in sorted(by_view.items())
    }


def from_table(lake: ArrowLake, reads: Sequence[LoggedRead]) -> list[Known]:
    """Return the row of the view's table that was the latest at each read, whatever its age.

    Each read sees the table as it was then: what was built since could not be known.
    """
    table = table_named(source_of(view_named(reads[0].view)).table)
    if not lake.exists(table):
        return [Known(None)] * len(reads)
    commits = [(each.committed_at, each.number) for each in history(lake, table, _VERSIONS)]
    by_version: dict[int, list[int]] = {}
    for number, read in enumerate(reads):
        seen = next((version for at, version in commits if at <= read.read_at), commits[-1][1])
        by_version.setdefault(seen, []).append(number)
    known: dict[int, Known] = {}
    for version, numbers in by_version.items():
        found = _from_version(lake, version, [reads[number] for number in numbers])
        known |= dict(zip(numbers, found, strict=True))
    return [known[number] for number in range(len(reads))]


def _from_version(lake: ArrowLake, version: int, reads: Sequence[LoggedRead]) -> list[Known]:
    """Like materializing, take the latest row: of a day that runs its time is the end of that day, still to come."""
    view = view_named(reads[0].view)
    time = source_of(view).timestamp_field
    rows = latest_of(lambda table: lake.scan(table, version), view, [read.entity_id for read in reads])
    for row in rows.values():
        row[EVENT_TIMESTAMP] = row.pop(time)
    return [Known(rows.get(read.entity_id)) for read in reads]


def _parity_of(reads: Sequence[LoggedRead], known: Iterable[Known]) -> ViewParity:
    parity = ViewParity()
    for read, each in zip(reads, known, strict=True):
        outcome, differing = judge(read, each)
        parity.outcomes[outcome] += 1
        parity.features.update(differing)
    return parity


def judge(read: LoggedRead, known: Known) -> tuple[Outcome, list[str]]:
    """Return the outcome, and the features that differ."""
    online = _decoded(read)
    if online is None:
        return (Outcome.MISSING if known.features else Outcome.NOTHING), []
    if known.features and known.features[EVENT_TIMESTAMP] > online[EVENT_TIMESTAMP]:
        return Outcome.BEHIND, []
    lake = known.features or {EVENT_TIMESTAMP: None}
    differing = [name for name, value in lake.items() if not _same(online.get(name), value)]
    if not differing:
        return Outcome.EQUAL, []
    return (Outcome.BEHIND, []) if known.unsettled else (Outcome.DIFFERENT, differing)


def _decoded(read: LoggedRead) -> Features | None:
    """Return the read's features with times as times again: JSON has made text of them."""
    if read.features is None:
        return None
    times = {each.name for each in view_named(read.view).features if each.dtype == UnixTimestamp} | {EVENT_TIMESTAMP}
    return {name: _as_time(value) if name in times else value for name, value in read.features.items()}


def _as_time(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        return one is not None and other is not None and math.isclose(one, other, rel_tol=_TOLERANCE)
    return bool(one == other)
