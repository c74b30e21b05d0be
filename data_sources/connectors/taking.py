"""One folder: each complete file to Kafka once, whole or not at all, then out of the way into done/ or failed/."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from pathlib import Path

from contracts import Clock
from contracts.errors import SourceUnavailableError, UserError
from data_sources.connectors.delivering import Counts, Delivery
from data_sources.connectors.reporting import Report
from data_sources.connectors.settled import MARKER, SettledFiles, Stamp, listed, stamp_of
from data_sources.connectors.sources import FolderSource
from data_sources.connectors.state import ConnectorState, TakenFile
from data_sources.open_source import open_source

_DONE, _FAILED = "done", "failed"
_HASH_IN_NAME = 12


class FolderTaker:
    """Takes the files of one source.

    A file is in the journal once Kafka has acknowledged all of it, and moves to ``done/`` after that: a kill before the
    journal sends it again with the same ids, a kill after it only moves it. A file that cannot be read to its end, or
    does not fit its mapping, sends nothing and moves to ``failed/`` with the reason beside it.
    """

    def __init__(
        self, source: FolderSource, delivery: Delivery, journal: ConnectorState, report: Report, clock: Clock
    ) -> None:
        self.source = source
        self._delivery = delivery
        self._journal = journal
        self._report = report
        self._clock = clock
        self._mapping = hashlib.sha256(source.mapping.model_dump_json().encode()).hexdigest()
        self._settled = SettledFiles(timedelta(seconds=0 if source.done_marker else source.settle_s))
        self.has_unsettled = False

    async def take(self) -> None:
        """Take every file that is complete; one that is in the way does not stop the others.

        Raises ``BrokerUnavailableError``, and at last ``SourceUnavailableError`` or ``OSError`` for such a file.
        """
        files = listed(self.source)
        settled = self._settled.of(files, self._clock.now())
        self.has_unsettled = len(settled) < len(files)
        problem: Exception | None = None
        for path in settled:
            try:
                await self._take(path, files[path])
            except (SourceUnavailableError, OSError) as error:
                problem = error
        if problem is not None:
            raise problem

    async def _take(self, path: Path, stamp: Stamp) -> None:
        name, sha256 = self.source.name, await asyncio.to_thread(_sha256, path)
        if self._journal.has_file(name, sha256, self._mapping):
            _move(path, _DONE, sha256)
            self._report.unchanged(name, f"{path.name} was taken before")
            return
        counts, refusal = await self._delivered(path)
        if stamp_of(path) != stamp:
            msg = f"{path} changed while it was read"
            raise SourceUnavailableError(msg)
        if refusal is not None:
            _fail(path, sha256, refusal)
            self._report.failed(name, refusal)
            return
        self._journal.add_file(self._taken(path, sha256, counts))
        _move(path, _DONE, sha256)
        self._report.took(name, path.name, counts)

    async def _delivered(self, path: Path) -> tuple[Counts, UserError | None]:
        try:
            mapping = self.source.mapping
            return await self._delivery.deliver(open_source(path, mapping), mapping), None
        except UserError as error:
            return Counts(), error

    def _taken(self, path: Path, sha256: str, counts: Counts) -> TakenFile:
        return TakenFile(
            source=self.source.name,
            sha256=sha256,
            mapping=self._mapping,
            name=path.name,
            taken_at=self._clock.now(),
            messages=counts.messages,
            unmapped=counts.unmapped,
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fail(path: Path, sha256: str, reason: UserError) -> None:
    """Move the file to ``failed/``, the reason first: without it nobody knew why the file is there."""
    target = _target(path, _FAILED, sha256)
    target.with_name(f"{target.name}.reason.txt").write_text(f"{reason}\n", encoding="utf-8")
    _move(path, _FAILED, sha256)


def _move(path: Path, folder: str, sha256: str) -> None:
    """Move the file; its marker goes first, as one left over would call the next file of that name complete."""
    path.with_name(path.name + MARKER).unlink(missing_ok=True)
    path.rename(_target(path, folder, sha256))


def _target(path: Path, folder: str, sha256: str) -> Path:
    """Return where the file goes: a second one of the same name has a part of its hash in its name."""
    target = path.parent / folder / path.name
    target.parent.mkdir(exist_ok=True)
    return target.with_name(f"{path.stem}.{sha256[:_HASH_IN_NAME]}{path.suffix}") if target.exists() else target
