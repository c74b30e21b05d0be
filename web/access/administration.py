"""What an administrator does about clients: each act is in the audit log."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contracts import Clock
from web.access.audit import Audit
from web.access.clients import Clients, Scope, write_secret
from web.access.signing_keys import SigningKeys

LOCAL = "local"
DEFAULT_REQUESTS_PER_S = 1000


class Administration:
    """The clients, keys and audit log in ``directory``."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self.clients = Clients(directory / "clients.json")
        self.keys = SigningKeys(directory / "signing-keys")
        self._audit = Audit(directory / "audit.jsonl", clock)

    @property
    def local_header(self) -> Path:
        """A file with the header of the client ``local``, as ``curl -H @FILE`` takes it."""
        return self._directory / f"{LOCAL}.header"

    @property
    def audit(self) -> Audit:
        """The log of who did what, also for acts that are not about clients."""
        return self._audit

    def create(self, name: str, scopes: frozenset[Scope], requests_per_s: int = DEFAULT_REQUESTS_PER_S) -> str:
        """Add a client and return its key, which is kept nowhere; raises ``NameTakenError``."""
        with self._alone():
            return self._create(name, scopes, requests_per_s)

    def revoke(self, name: str) -> None:
        """Let a client in no more; raises ``UnknownNameError``."""
        with self._alone():
            self.clients.revoke(name, self._clock.now())
            self._audit.note("client revoked", client=name)

    def rotate(self) -> str:
        """Sign tokens with a new key from now on; return its id."""
        with self._alone():
            return self._rotate()

    def start(self) -> bool:
        """Make what a first start needs: a key to sign with, and the client ``local``; say whether it was one."""
        with self._alone():
            if not self.keys.load().public["keys"]:
                self._rotate()
            if self.clients.all():
                return False
            key = self._create(LOCAL, frozenset(Scope), DEFAULT_REQUESTS_PER_S)
            write_secret(self.local_header, f"X-API-Key: {key}\n".encode())
        return True

    def _create(self, name: str, scopes: frozenset[Scope], requests_per_s: int) -> str:
        key = self.clients.create(name, scopes, requests_per_s, self._clock.now())
        self._audit.note("client created", client=name, scopes=sorted(scopes), requests_per_s=requests_per_s)
        return key

    def _rotate(self) -> str:
        key_id = self.keys.rotate(self._clock.now())
        self._audit.note("signing key made", key_id=key_id)
        return key_id

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold off other processes, such as the other server at a first start: each writes what it has read."""
        self._directory.mkdir(parents=True, exist_ok=True)
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX)
            yield
        finally:
            os.close(directory)
