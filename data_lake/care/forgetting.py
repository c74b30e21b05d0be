"""Forgetting a customer everywhere: search every place, erase, and search again until nothing is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import sleep
from typing import Protocol

from contracts.clock import Clock
from contracts.errors import UnfinishedErasureError
from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_SESSIONS, Table
from data_lake.arrow_lake import ArrowLake
from data_lake.care.erasing import TableErasure
from data_lake.care.naming import Subject
from data_lake.care.owned_rows import PERSONAL_TABLES
from data_lake.care.subjects import subject_of

_ROUNDS = 5
# They say which browsers are a customer's: an erasure that was cut short must still find them.
_LAST = (SILVER_SESSIONS, SILVER_CLICKSTREAM_EVENTS)


@dataclass(frozen=True)
class Finding:
    """How much of a person one place holds; 0 is a finding too."""

    place: str
    what: str
    count: int


class Place(Protocol):
    """Somewhere a person's data may be. Both calls may be repeated."""

    def find(self, subject: Subject) -> Sequence[Finding]:
        """Search the whole place."""
        ...

    def erase(self, subject: Subject) -> None:
        """Erase what can be erased now."""
        ...


class LakePlace:
    """Every table with personal data that is there. ``settle`` is left to readers between rows and files going."""

    def __init__(self, lake: ArrowLake, clock: Clock, settle: timedelta) -> None:
        self._clock = clock
        self._settle = settle
        tables: list[Table] = sorted(filter(lake.exists, PERSONAL_TABLES), key=_turn)
        self._tables = [TableErasure(lake, table) for table in tables]

    def find(self, subject: Subject) -> Sequence[Finding]:
        """Search newest versions, files of earlier ones, and logs."""
        found: list[Finding] = []
        for table in self._tables:
            traces = table.search(subject)
            name = traces.table.name
            found += (
                Finding(name, "rows", traces.rows),
                Finding(name, "files of earlier versions", traces.files),
                Finding(name, "entries of the log", traces.log_entries),
            )
        return found

    def erase(self, subject: Subject) -> None:
        """Delete rows everywhere, then what held them."""
        for table in self._tables:
            table.delete_rows(subject)
        sleep(self._settle.total_seconds())
        for table in self._tables:
            table.delete_files(subject, self._clock)


@dataclass(frozen=True)
class Forgetting:
    """The erasure of the person with ``identity``, a customer's or visitor's id, from all ``places``."""

    lake: ArrowLake
    identity: str
    places: Sequence[Place]
    tell: Callable[[str], None]

    def search(self, subject: Subject) -> list[Finding]:
        """Return what every place holds."""
        return [finding for place in self.places for finding in place.find(subject)]

    def erase(self, subject: Subject) -> list[Finding]:
        """Erase until a search finds nothing, and return that search: the proof.

        Streams that run beside it may write again what they had read before: it is found and erased in another
        round. Raises ``UnfinishedErasureError`` where something is left after five.
        """
        ids = subject.ids
        for number in range(1, _ROUNDS + 1):
            self.tell(f"erasing, round {number}")
            for place in self.places:
                place.erase(subject)
            now = subject_of(self.lake, self.identity)
            subject = Subject((ids | now.ids) - now.shared, now.shared)
            findings = self.search(subject)
            if not any(finding.count for finding in findings):
                return findings
        left = "; ".join(f"{each.place}: {each.count} {each.what}" for each in findings if each.count)
        msg = f"not all of {self.identity} could be erased: {left}: run this again"
        raise UnfinishedErasureError(msg)


def _turn(table: Table) -> int:
    return _LAST.index(table) if table in _LAST else -1
