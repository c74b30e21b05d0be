"""OAuth2 client credentials (RFC 6749, 4.4) and the public keys of the tokens."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from web.access.clients import Client, Scope
from web.access.guard import Access, basic_credentials
from web.access.tokens import LIFETIME

TOKEN_PATH = "/oauth2/token"  # noqa: S105 - a path
KEYS_PATH = "/.well-known/jwks.json"
_GRANT = "client_credentials"
_MAX_FORM_BYTES = 4096
_NOT_KEPT = {"Cache-Control": "no-store"}
_MAX_ID = 128


class _RefusedError(Exception):
    """An answer of RFC 6749, 5.2: ``error`` is one of its words."""

    def __init__(self, error: str, description: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(description)
        self.error, self.status = error, status


def token_routes(access: Access) -> APIRouter:
    """Return the routes of tokens and their keys."""
    router = APIRouter(tags=["access"])

    @router.post(
        TOKEN_PATH,
        openapi_extra={"requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": _FORM}}}},
        response_model=None,
    )
    async def post_token(request: Request) -> Response:
        """Return a token for a client's name and key; with `visitor_id`, one that is good for this visitor only."""
        try:
            form = await _form(request)
            client = _client(request, form, access)
            scopes, visitor_id = _scopes(form, client), _visitor(form, client)
        except _RefusedError as refused:
            challenge = {"WWW-Authenticate": "Basic"} if refused.status == HTTPStatus.UNAUTHORIZED else {}
            content = {"error": refused.error, "error_description": str(refused)}
            return JSONResponse(content, refused.status, headers=_NOT_KEPT | challenge)
        token = {
            "access_token": access.tokens.issue(client, scopes, visitor_id),
            "token_type": "Bearer",
            "expires_in": int(LIFETIME.total_seconds()),
            "scope": " ".join(sorted(scopes)),
        }
        return JSONResponse(token, headers=_NOT_KEPT)

    @router.get(KEYS_PATH)
    def get_keys() -> dict[str, Any]:
        """Return the public keys that tokens are signed with, as a JSON Web Key Set."""
        return access.tokens.keys.public

    return router


_FORM = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"const": _GRANT},
        "client_id": {"type": "string", "description": "or as `Authorization: Basic`, with the key as the password"},
        "client_secret": {"type": "string", "description": "the client's key"},
        "scope": {"type": "string", "description": "with blanks between; all of the client's where it is not given"},
        "visitor_id": {"type": "string", "description": "whom alone the token is for; needs scope `admin`"},
    },
}


async def _form(request: Request) -> Mapping[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM_BYTES:
            raise _RefusedError("invalid_request", f"the form is longer than {_MAX_FORM_BYTES} bytes")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=10)
    except ValueError:
        raise _RefusedError("invalid_request", "expected a form (application/x-www-form-urlencoded)") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise _RefusedError("invalid_request", "a field is there twice")
    if form.get("grant_type") != _GRANT:
        description = f"grant_type is {form.get('grant_type', 'missing')[:_MAX_ID]}: expected {_GRANT}"
        raise _RefusedError("unsupported_grant_type", description)
    return form


def _client(request: Request, form: Mapping[str, str], access: Access) -> Client:
    name, key = basic_credentials(request.headers) or (form.get("client_id", ""), form.get("client_secret", ""))
    client = access.clients.of_key(key)
    if client is None or client.name != name:
        raise _RefusedError("invalid_client", "no client has this name and key", HTTPStatus.UNAUTHORIZED)
    return client


def _scopes(form: Mapping[str, str], client: Client) -> frozenset[Scope]:
    wanted = form.get("scope", "").split()
    beyond = sorted(set(wanted) - {*client.scopes})
    if beyond:
        held = " ".join(sorted(client.scopes))
        raise _RefusedError("invalid_scope", f"scope is {beyond[0][:_MAX_ID]}: {client.name} has {held}")
    scopes = frozenset(Scope(each) for each in wanted) or client.scopes
    # Who acts for any visitor can make a token that is for one; with it nobody can make another.
    return scopes - {Scope.ADMIN} if "visitor_id" in form else scopes


def _visitor(form: Mapping[str, str], client: Client) -> str | None:
    visitor_id = form.get("visitor_id")
    if visitor_id is None:
        return None
    if Scope.ADMIN not in client.scopes:
        raise _RefusedError("invalid_scope", f"visitor_id: expected a client of scope {Scope.ADMIN}")
    if not 0 < len(visitor_id) <= _MAX_ID:
        raise _RefusedError("invalid_request", f"visitor_id: expected 1 to {_MAX_ID} characters")
    return visitor_id
