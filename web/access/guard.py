"""ASGI middleware that lets requests of known clients through, each within its share of the load."""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from web.access.clients import Client, Clients, Scope
from web.access.rate_limit import RateLimit
from web.access.tokens import InvalidTokenError, Tokens
from web.problems import Answer, ProblemError

_BEARER = "bearer "
_REALM = 'Bearer realm="aisle"'


@dataclass(frozen=True)
class Caller:
    """Who makes a request, for what, and about which visitor, where a token says that it is for one."""

    client: Client
    scopes: frozenset[Scope]
    visitor_id: str | None = None

    def require_visitor(self, visitor_id: str | None) -> None:
        """Raise ``ProblemError`` (403) unless the caller may ask about this visitor."""
        if self.visitor_id is not None and visitor_id not in (None, self.visitor_id):
            detail = f"visitor_id is {visitor_id!r}: expected {self.visitor_id!r}, whom the token is for"
            raise ProblemError(HTTPStatus.FORBIDDEN, "Another visitor", detail)

    def require_any_visitor(self, what: str) -> None:
        """Raise ``ProblemError`` (403) where the caller may ask about one visitor only, and so not about ``what``."""
        if self.visitor_id is not None:
            detail = f"{what}: expected a token that is not for one visitor"
            raise ProblemError(HTTPStatus.FORBIDDEN, "Another visitor", detail)


@dataclass(frozen=True)
class Access:
    """What a server needs to know its clients."""

    clients: Clients
    tokens: Tokens
    limit: RateLimit

    def caller(self, headers: Headers) -> Caller:
        """Return who sends these headers: an ``X-API-Key``, or a bearer token; raises ``ProblemError`` (401)."""
        key = headers.get("x-api-key")
        if key is not None:
            client = self.clients.of_key(key)
            if client is None:
                raise unauthorized("X-API-Key is the key of no client, or of one that was revoked")
            return Caller(client, client.scopes)
        return self._of_token(headers.get("authorization", ""))

    def _of_token(self, authorization: str) -> Caller:
        if not authorization.lower().startswith(_BEARER):
            raise unauthorized("expected a header X-API-Key, or Authorization: Bearer with a token of /oauth2/token")
        try:
            token = self.tokens.verified(authorization[len(_BEARER) :].strip())
        except InvalidTokenError as error:
            raise unauthorized(str(error), "invalid_token") from error
        client = self.clients.active(token.client)
        if client is None:
            raise unauthorized("the client of this token was revoked", "invalid_token")
        return Caller(client, token.scopes & client.scopes, token.visitor_id)


class Guard:
    """Answers 401 to nobody's requests, 403 beyond ``scope`` and 429 beyond a client's share; not on ``open_paths``.

    So refused requests cost no body and no model.
    """

    def __init__(
        self,
        app: ASGIApp,
        access: Access,
        scope: Scope,
        open_paths: Collection[str],
        answer: Answer,
    ) -> None:
        self._app = app
        self._access = access
        self._scope = scope
        self._open_paths = frozenset(open_paths)
        self._answer = answer

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Pass the request on with its ``Caller``, or refuse it."""
        if scope["type"] == "http" and scope["path"] not in self._open_paths:
            try:
                await self._admit(scope)
            except ProblemError as error:
                await self._answer(Request(scope), error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _admit(self, scope: AsgiScope) -> None:
        caller = self._access.caller(Headers(scope=scope))
        if self._scope not in caller.scopes:
            held = " ".join(sorted(caller.scopes)) or "none"
            detail = f"scope is {held}: expected {self._scope}"
            challenge = {"WWW-Authenticate": f'{_REALM}, error="insufficient_scope", scope="{self._scope}"'}
            raise ProblemError(HTTPStatus.FORBIDDEN, "Beyond scope", detail, headers=challenge)
        if not await self._access.limit.admits(caller.client):
            detail = f"{caller.client.name} made more than {caller.client.requests_per_s} requests in this second"
            raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests", detail, headers={"Retry-After": "1"})
        scope.setdefault("state", {})["caller"] = caller


def caller_of(request: Request) -> Caller | None:
    """Return who makes a request; None where the server is open to all."""
    caller: Caller | None = getattr(request.state, "caller", None)
    return caller


def unauthorized(detail: str, error: str = "") -> ProblemError:
    """Return the error of a request of which nobody is known to have made it."""
    challenge = f'{_REALM}, error="{error}"' if error else _REALM
    return ProblemError(HTTPStatus.UNAUTHORIZED, "Unauthorized", detail, headers={"WWW-Authenticate": challenge})


def basic_credentials(headers: Headers) -> tuple[str, str] | None:
    """Return name and key of ``Authorization: Basic`` (RFC 7617), None where there are none."""
    kind, _, encoded = headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, key = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return name, key
