"""What an administrator does about clients: each act is in the audit log."""

from __future__ import annotations

from pathlib import Path

from contracts import Clock
from contracts.errors import NameTakenError
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

    def create(self, name: str, scopes: frozenset[Scope], requests_per_s: int = DEFAULT_REQUESTS_PER_S) -> str:
        """Add a client and return its key, which is kept nowhere; raises ``NameTakenError``."""
        key = self.clients.create(name, scopes, requests_per_s, self._clock.now())
        self._audit.note("client created", client=name, scopes=sorted(scopes), requests_per_s=requests_per_s)
        return key

    def revoke(self, name: str) -> None:
        """Let a client in no more; raises ``UnknownNameError``."""
        self.clients.revoke(name, self._clock.now())
        self._audit.note("client revoked", client=name)

    def rotate(self) -> str:
        """Sign tokens with a new key from now on; return its id."""
        key_id = self.keys.rotate(self._clock.now())
        self._audit.note("signing key made", key_id=key_id)
        return key_id

    def start(self) -> bool:
        """Make what a first start needs: a key to sign with, and the client ``local``; say whether it was one."""
        if not self.keys.load().public["keys"]:
            self.rotate()
        if self.clients.all():
            return False
        try:
            key = self.create(LOCAL, frozenset(Scope))
        except NameTakenError:  # another process was first
            return False
        write_secret(self.local_header, f"X-API-Key: {key}\n".encode())
        return True
