"""Access tokens: JSON Web Tokens signed by the server (RFC 7519, RFC 9068), for a quarter of an hour."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from uuid import uuid4

import jwt

from contracts import Clock
from contracts.errors import InvalidManifestError
from web.access.clients import Client, Scope
from web.access.signing_keys import KeySet, SigningKeys

ISSUER = "aisle"
LIFETIME = timedelta(minutes=15)
_ALGORITHM = "EdDSA"
_TYPE = "at+jwt"
_REQUIRED = ("iss", "sub", "exp", "iat", "scope")
_LOOK_AGAIN_S = 1.0
# A verified signature is good for as long as the token: most requests come with one that was seen before.
_REMEMBERED = 10_000


class InvalidTokenError(Exception):
    """A token that is none of ours, or is no longer valid; the text says what is wrong."""


@dataclass(frozen=True)
class Token:
    """What a token says: its client, for what, and the one visitor that it is about, if it is about one."""

    client: str
    scopes: frozenset[Scope]
    visitor_id: str | None
    expires_at: float


class Tokens:
    """Issues and verifies tokens with the keys of ``keys``, which are looked at again every second."""

    def __init__(self, keys: SigningKeys, clock: Clock, now_s: Callable[[], float] = monotonic) -> None:
        self._keys = keys
        self._clock = clock
        self._now_s = now_s
        self._look_at = 0.0
        self._loaded = KeySet({})
        self._verified: dict[str, Token] = {}

    @property
    def keys(self) -> KeySet:
        """The keys in use."""
        now_s = self._now_s()
        if now_s >= self._look_at:
            self._look_at = now_s + _LOOK_AGAIN_S
            try:
                found = self._keys.load()
            except (OSError, InvalidManifestError):
                return self._loaded
            if found.public != self._loaded.public:
                self._loaded, self._verified = found, {}
        return self._loaded

    def issue(self, client: Client, scopes: Iterable[Scope], visitor_id: str | None) -> str:
        """Return a token of a client, for ``scopes`` and, if it is given, one visitor only."""
        now = self._clock.now()
        claims: dict[str, object] = {
            "iss": ISSUER,
            "sub": client.name,
            "client_id": client.name,
            "scope": " ".join(sorted(scopes)),
            "iat": now,
            "exp": now + LIFETIME,
            "jti": uuid4().hex,
        }
        if visitor_id is not None:
            claims["visitor_id"] = visitor_id
        key_id, key = self.keys.signing
        return jwt.encode(claims, key, _ALGORITHM, headers={"kid": key_id, "typ": _TYPE})

    def verified(self, encoded: str) -> Token:
        """Return what a token says; raises ``InvalidTokenError``."""
        keys, now = self.keys, self._clock.now().timestamp()
        token = self._verified.get(encoded)
        if token is None:
            token = _verified(encoded, keys)
            if len(self._verified) >= _REMEMBERED:
                self._verified = {}
            self._verified[encoded] = token
        if token.expires_at <= now:
            msg = "the token has expired: ask for another"
            raise InvalidTokenError(msg)
        return token


def _verified(encoded: str, keys: KeySet) -> Token:
    try:
        header = jwt.get_unverified_header(encoded)
        key_id = header.get("kid", "")
        if key_id not in keys:
            msg = "the token is signed with a key that is not ours, or no longer"
            raise InvalidTokenError(msg)
        claims = jwt.decode(
            encoded,
            keys[key_id].public_key(),
            algorithms=[_ALGORITHM],
            issuer=ISSUER,
            options={"require": list(_REQUIRED), "verify_exp": False, "verify_iat": False, "verify_aud": False},
        )
        scopes = frozenset(Scope(each) for each in str(claims["scope"]).split())
        return Token(str(claims["sub"]), scopes, claims.get("visitor_id"), float(claims["exp"]))
    except (jwt.InvalidTokenError, ValueError, TypeError) as error:
        msg = f"the token is not valid: {error}"
        raise InvalidTokenError(msg) from error
