"""What the connectors remember over a restart or a kill: one SQLite file, one process at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel

from contracts.errors import RetryableError, UserError

_TABLES = """
CREATE TABLE IF NOT EXISTS polls (source TEXT PRIMARY KEY, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    source TEXT NOT NULL, sha256 TEXT NOT NULL, mapping TEXT NOT NULL, name TEXT NOT NULL, taken_at TEXT NOT NULL,
    messages INTEGER NOT NULL, unmapped INTEGER NOT NULL, PRIMARY KEY (source, sha256, mapping)
);
"""


class Validators(BaseModel):
    """What an API said that the answer at ``url`` was, so that it can say "not modified"."""

    url: str = ""
    etag: str = ""
    last_modified: str = ""


class KnownAnswer(BaseModel):
    """An answer by its validators and the hash of its records."""

    validators: Validators = Validators()
    sha256: str = ""


class PollState(BaseModel):
    """One API source: the last answer that Kafka has acknowledged, and one that waits on disk until it has.

    ``source``: a hash of the source as it was configured.
    """

    source: str
    taken: KnownAnswer = KnownAnswer()
    pending: KnownAnswer | None = None
    cursor: str = ""
    succeeded_at: datetime | None = None


class TakenFile(BaseModel):
    """A file that Kafka has acknowledged whole; ``mapping``: a hash of the mapping it was taken by."""

    source: str
    sha256: str
    mapping: str
    name: str
    taken_at: datetime
    messages: int
    unmapped: int


class ConnectorState:
    """Every change is on disk, whole or not at all, when its call returns; a failure is a ``RetryableError``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._database = _opened(path)
        except sqlite3.Error as error:
            msg = f"{path}: {error}: expected the state of `aisle connect`, and no other of them that runs"
            raise UserError(msg) from error

    def poll(self, name: str, source: str) -> PollState:
        """Return the state of the API source ``name``: a new one where it was configured otherwise than ``source``."""
        with self._named_errors():
            row = self._database.execute("SELECT state FROM polls WHERE source = ?", [name]).fetchone()
        state = PollState.model_validate_json(row[0]) if row else PollState(source=source)
        return state if state.source == source else PollState(source=source)

    def save_poll(self, name: str, state: PollState) -> None:
        """Keep the state of the API source ``name``."""
        with self._named_errors():
            self._database.execute("INSERT OR REPLACE INTO polls VALUES (?, ?)", [name, state.model_dump_json()])

    def has_file(self, source: str, sha256: str, mapping: str) -> bool:
        """Say whether a file of these bytes was taken before by the same mapping."""
        query = "SELECT 1 FROM files WHERE source = ? AND sha256 = ? AND mapping = ?"
        with self._named_errors():
            return self._database.execute(query, [source, sha256, mapping]).fetchone() is not None

    def add_file(self, taken: TakenFile) -> None:
        """Note that a file was taken."""
        columns = taken.model_dump(mode="json")
        names, places = ", ".join(columns), ", ".join(f":{name}" for name in columns)
        with self._named_errors():
            self._database.execute(f"INSERT INTO files ({names}) VALUES ({places})", columns)  # noqa: S608 - own names

    def files(self, source: str) -> list[TakenFile]:
        """Return the files taken from ``source``, the first one first."""
        with self._named_errors():
            rows = self._database.execute("SELECT * FROM files WHERE source = ? ORDER BY taken_at", [source]).fetchall()
        return [TakenFile.model_validate(dict(row)) for row in rows]

    def close(self) -> None:
        """Let another process have the state."""
        self._database.close()

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            msg = f"{self._path}: {error}"
            raise RetryableError(msg) from error


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        # The lock is taken by the first transaction, and held from then on.
        database.executescript(f"BEGIN EXCLUSIVE; {_TABLES} COMMIT")
    except sqlite3.Error:
        database.close()
        raise
    database.row_factory = sqlite3.Row
    return database
