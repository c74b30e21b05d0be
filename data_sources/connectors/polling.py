"""One API, polled: an answer is kept on disk until Kafka has acknowledged all of it, and only then counts as taken."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

from contracts import Clock
from contracts.errors import UnusableAnswerError, UserError
from data_sources.connectors.answers import open_answer, record_lines
from data_sources.connectors.delivering import Counts, Delivery
from data_sources.connectors.fetching import Fetcher, without_query
from data_sources.connectors.sources import Cursor, HttpSource
from data_sources.connectors.state import ConnectorState, KnownAnswer, PollState
from data_sources.source import Source

# What may change without the source being another one.
_MANNERS = {"every_s", "deadline_s", "max_body_bytes"}


class Poller:
    """Polls one source; ``directory`` holds its answer until it is delivered.

    An answer that was kept is delivered before the API is asked again, also after a kill, and also where the API has
    other answers by then.
    """

    def __init__(
        self,
        source: HttpSource,
        fetcher: Fetcher,
        delivery: Delivery,
        memory: ConnectorState,
        directory: Path,
        clock: Clock,
    ) -> None:
        self.source = source
        self._fetcher = fetcher
        self._delivery = delivery
        self._memory = memory
        self._clock = clock
        self._configured = hashlib.sha256(source.model_dump_json(exclude=_MANNERS).encode()).hexdigest()
        self._kept = directory / f"{source.name}.answer"
        self._refused = directory / f"{source.name}.refused"

    @property
    def state(self) -> PollState:
        """What is remembered of the source; nothing where its configuration is another now."""
        return self._memory.poll(self.source.name, self._configured)

    async def poll(self) -> Counts:
        """Return what was sent: nothing where nothing is new.

        Raises ``SourceUnavailableError``, ``BrokerUnavailableError``, ``UnusableAnswerError`` and ``OSError``.
        """
        state = self.state
        if state.pending is None:
            await self._fetch(state)
        counts = await self._deliver(state.pending, state) if state.pending else Counts()
        state.succeeded_at = self._clock.now()
        self._save(state)
        self._kept.unlink(missing_ok=True)
        return counts

    async def _fetch(self, state: PollState) -> None:
        """Ask the API; an answer with something new in it is pending then."""
        answer = await self._fetcher.fetch(self.source, state.cursor, state.taken.validators)
        if answer is None:
            return
        try:
            lines = await asyncio.to_thread(record_lines, answer.body, self.source.records)
        except UnusableAnswerError as error:
            raise self._unusable(answer.body, str(error)) from error
        known = KnownAnswer(validators=answer.validators, sha256=hashlib.sha256(lines).hexdigest())
        if not lines or known.sha256 == state.taken.sha256:
            state.taken = known
            return
        _write(self._kept, lines)
        state.pending = known
        self._save(state)

    async def _deliver(self, pending: KnownAnswer, state: PollState) -> Counts:
        try:
            records = open_answer(self._kept, self.source.mapping)
            cursor = await asyncio.to_thread(_advanced, self.source.cursor, state.cursor, records)
            counts = await self._delivery.deliver(records, self.source.mapping)
        except (UserError, UnusableAnswerError) as error:
            state.pending = None
            self._save(state)
            what = str(error).removeprefix(f"{self._kept}: ")
            raise self._unusable(self._kept.read_bytes() if self._kept.exists() else b"", what) from error
        state.taken, state.pending, state.cursor = pending, None, cursor
        return counts

    def _unusable(self, body: bytes, what: str) -> UnusableAnswerError:
        """Keep an answer for a person to look at, and return the error that says where."""
        _write(self._refused, body)
        return UnusableAnswerError(f"the answer of {without_query(self.source.url)} {what} (kept as {self._refused})")

    def _save(self, state: PollState) -> None:
        self._memory.save_poll(self.source.name, state)


def _advanced(cursor: Cursor | None, reached: str, records: Source) -> str:
    """Return the greatest value of the cursor's column: of whole numbers the highest, else the last in the alphabet."""
    if cursor is None:
        return ""
    header = records.header()
    if cursor.column not in header:
        msg = f"has no column {cursor.column!r} (cursor.column): its columns are {', '.join(header)}"
        raise UnusableAnswerError(msg)
    place = header.index(cursor.column)
    values = [row.cells[place] for row in records.rows() if len(row.cells) > place]
    return max([reached, *values], key=lambda text: (int(text) if text.isdecimal() else -1, text))


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
