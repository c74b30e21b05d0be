"""The keys that tokens are signed with: Ed25519, the newest signs, those before it still verify.

Published as a JSON Web Key Set (RFC 7517, RFC 8037), so that others can verify tokens without a secret.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import OKPAlgorithm

from contracts.errors import InvalidManifestError
from web.access.clients import write_secret

_SUFFIX = ".pem"
# Tokens live for minutes: of more than three rotations back nothing is valid any more.
_KEPT = 3


class SigningKeys:
    """The keys in ``directory``, a file each, named after the time at which it was made."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def rotate(self, now: datetime) -> str:
        """Make a key that signs from now on, and forget the oldest; return its id."""
        key_id = f"{now:%Y%m%dT%H%M%S%f}"
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_secret(self._directory / f"{key_id}{_SUFFIX}", pem)
        for old in self._files()[:-_KEPT]:
            old.unlink(missing_ok=True)
        return key_id

    def load(self) -> KeySet:
        """Return the keys as they are now; raises ``InvalidManifestError`` where a file is no key."""
        return KeySet({file.stem: _load(file) for file in self._files()})

    def _files(self) -> Sequence[Path]:
        return sorted(self._directory.glob(f"*{_SUFFIX}"))


class KeySet:
    """Private keys by their id, in the order of their age; the last one signs."""

    def __init__(self, keys: Mapping[str, Ed25519PrivateKey]) -> None:
        self._keys = dict(keys)

    @property
    def signing(self) -> tuple[str, Ed25519PrivateKey]:
        """The id of the key that signs, and the key."""
        return next(reversed(self._keys.items()))

    def __contains__(self, key_id: str) -> bool:
        return key_id in self._keys

    def __getitem__(self, key_id: str) -> Ed25519PrivateKey:
        return self._keys[key_id]

    @cached_property
    def public(self) -> dict[str, list[dict[str, Any]]]:
        """The public keys as a JSON Web Key Set."""
        return {"keys": [_public(key_id, key) for key_id, key in self._keys.items()]}


def _public(key_id: str, key: Ed25519PrivateKey) -> dict[str, Any]:
    published: dict[str, Any] = json.loads(OKPAlgorithm.to_jwk(key.public_key()))
    return published | {"kid": key_id, "alg": "EdDSA", "use": "sig"}


def _load(file: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except ValueError as error:
        msg = f"{file} is no private key: {error}: remove it, or run `aisle access rotate`"
        raise InvalidManifestError(msg) from error
    if not isinstance(key, Ed25519PrivateKey):
        msg = f"{file} holds a {type(key).__name__}: expected an Ed25519 key"
        raise InvalidManifestError(msg)
    return key
