"""The clients of a server, in one file: names, scopes, and hashes of their keys.

A key is 256 random bits, so that one SHA-256 is as good as a slow hash, which is for passwords (OWASP, Password
Storage Cheat Sheet). It is shown once and kept nowhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.errors import InvalidManifestError, NameTakenError, UnknownNameError, UserError

_LOOK_AGAIN_S = 1.0
_PREFIX = "aisle_"
_KEY_BYTES = 32
_SECRET = 0o600


class Scope(StrEnum):
    """What a client may do: ask for answers, send events, and act for any visitor in tokens of its own."""

    READ = "read"
    EVENTS = "events"
    ADMIN = "admin"


ClientName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class Client(BaseModel):
    """One client. ``requests_per_s`` is its share over all processes of the server."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ClientName
    scopes: frozenset[Scope]
    requests_per_s: int = Field(ge=1)
    key_hash: str
    created_at: datetime
    revoked_at: datetime | None = None


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    clients: tuple[Client, ...] = ()


class Clients:
    """The clients of ``file``, which is read again at most once a second, when it has changed."""

    def __init__(self, file: Path, now_s: Callable[[], float] = monotonic) -> None:
        self._file = file
        self._now_s = now_s
        self._look_at = 0.0
        self._seen: tuple[int, int] | None = None
        self._by_name: dict[str, Client] = {}
        self._by_hash: dict[str, Client] = {}

    def all(self) -> Sequence[Client]:
        """Return every client, also the revoked ones; raises ``InvalidManifestError`` where the file is not one."""
        return _read(self._file).clients

    def create(self, name: str, scopes: frozenset[Scope], requests_per_s: int, now: datetime) -> str:
        """Add a client and return its key; raises ``NameTakenError``, or ``UserError`` for what is no name."""
        stored = _read(self._file)
        if any(each.name == name for each in stored.clients):
            msg = f"there is a client {name!r} already: expected a name that was never used"
            raise NameTakenError(msg)
        key = _PREFIX + secrets.token_urlsafe(_KEY_BYTES)
        try:
            client = Client(
                name=name, scopes=scopes, requests_per_s=requests_per_s, key_hash=_hash(key), created_at=now
            )
        except ValidationError as error:
            first = error.errors()[0]
            msg = f"{first['loc'][0]} of a client is {first['input']!r}: {first['msg']}"
            raise UserError(msg) from error
        _write(self._file, _Stored(clients=(*stored.clients, client)))
        return key

    def revoke(self, name: str, now: datetime) -> None:
        """Let a client in no more, nor its tokens, from the next second on; raises ``UnknownNameError``."""
        stored = _read(self._file)
        if not any(each.name == name for each in stored.clients):
            known = ", ".join(each.name for each in stored.clients) or "(none)"
            msg = f"unknown client {name!r}: expected one of {known}"
            raise UnknownNameError(msg)
        changed = (
            each.model_copy(update={"revoked_at": each.revoked_at or now}) if each.name == name else each
            for each in stored.clients
        )
        _write(self._file, _Stored(clients=tuple(changed)))

    def active(self, name: str) -> Client | None:
        """Return the client of that name, None where there is none or it is revoked."""
        self._look()
        return self._by_name.get(name)

    def of_key(self, key: str) -> Client | None:
        """Return the client whose key this is."""
        self._look()
        return self._by_hash.get(_hash(key))

    def _look(self) -> None:
        now_s = self._now_s()
        if now_s < self._look_at:
            return
        self._look_at = now_s + _LOOK_AGAIN_S
        try:
            info = self._file.stat()
            seen = (info.st_mtime_ns, info.st_size)
            if seen == self._seen:
                return
            clients = [each for each in _read(self._file).clients if each.revoked_at is None]
        except (OSError, InvalidManifestError):
            # A file that is away or broken lets nobody in that was not in before.
            return
        self._seen = seen
        self._by_name = {each.name: each for each in clients}
        self._by_hash = {each.key_hash: each for each in clients}


def write_secret(file: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f"{file.name}.part")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(_SECRET)
    unfinished.write_bytes(content)
    unfinished.replace(file)


def _hash(key: str) -> str:
    return sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _read(file: Path) -> _Stored:
    try:
        return _Stored.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return _Stored()
    except ValidationError as error:
        first = error.errors()[0]
        place = "/".join(map(str, first["loc"])) or "the file"
        msg = f"{file}: {place} is {first.get('input')!r:.60}: {first['msg']}"
        raise InvalidManifestError(msg) from error


def _write(file: Path, stored: _Stored) -> None:
    write_secret(file, stored.model_dump_json(indent=1).encode())
