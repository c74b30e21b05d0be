"""An app behind its guard: clients come in, tokens are given out, and the OpenAPI page says how."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from web.access.clients import Scope
from web.access.guard import Access, Guard
from web.access.token_routes import KEYS_PATH, TOKEN_PATH, token_routes
from web.problems import CONTENT, Answer, plain_answer

# What a supervisor, Prometheus and a reader of the documentation ask for; nothing of a visitor is in it.
_OPEN_PATHS = frozenset(
    {
        *("/health", "/health/live", "/health/ready", "/metrics", "/docs", "/openapi.json"),
        *(TOKEN_PATH, KEYS_PATH),
    }
)
_PURPOSES = {Scope.READ: "ask for answers", Scope.EVENTS: "send events"}
_REFUSALS = {
    "401": "No client is known to have sent this",
    "403": "The client may not do this, or its token is for another visitor",
    "429": "Beyond the client's requests a second: come again after `Retry-After` seconds",
}


def guard(app: FastAPI, access: Access, scope: Scope, answer: Answer = plain_answer) -> None:
    """Let only clients of ``access`` in that have ``scope``, add the routes of tokens, and describe both."""
    app.add_middleware(Guard, access=access, scope=scope, open_paths=_OPEN_PATHS, answer=answer)
    app.include_router(token_routes(access))
    described = app.openapi

    def openapi() -> dict[str, Any]:
        page = described()
        page["components"]["securitySchemes"] = schemes = _schemes(scope)
        page["security"] = [{name: []} for name in schemes]
        for path, operations in page["paths"].items():
            for operation in operations.values():
                _describe(operation, is_open=path in _OPEN_PATHS)
        return page

    app.openapi = openapi  # type: ignore[method-assign]


def _schemes(scope: Scope) -> dict[str, Any]:
    flow = {"tokenUrl": TOKEN_PATH, "scopes": {scope.value: _PURPOSES[scope]}}
    return {
        "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "Token": {"type": "oauth2", "flows": {"clientCredentials": flow}},
    }


def _describe(operation: dict[str, Any], is_open: bool) -> None:
    if is_open:
        operation["security"] = []
        return
    for status, description in _REFUSALS.items():
        operation["responses"].setdefault(status, {"description": description, "content": dict(CONTENT)})
