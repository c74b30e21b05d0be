"""Who may ask the model server: clients with a key or a token, and with a visitor's token only about that visitor."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request

from model_serving.problems import problem_answer
from web.access.clients import Scope
from web.access.guard import Access, Guard, caller_of
from web.access.token_routes import KEYS_PATH, TOKEN_PATH, token_routes

# What a supervisor, Prometheus and a reader of the documentation ask for; nothing of a visitor is in it.
_OPEN_PATHS = (
    *("/health", "/health/live", "/health/ready", "/metrics", "/docs", "/openapi.json"),
    *(TOKEN_PATH, KEYS_PATH),
)
_SCHEMES: dict[str, Any] = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "Token": {
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": TOKEN_PATH, "scopes": {Scope.READ.value: "ask for answers"}}},
    },
}


def guard(app: FastAPI, access: Access) -> None:
    """Let only clients of ``access`` ask, add the routes of tokens, and say both on the OpenAPI page."""
    app.add_middleware(Guard, access=access, scope=Scope.READ, open_paths=_OPEN_PATHS, answer=problem_answer)
    app.include_router(token_routes(access))
    described = app.openapi

    def openapi() -> dict[str, Any]:
        page = described()
        page["components"]["securitySchemes"] = _SCHEMES
        page["security"] = [{name: []} for name in _SCHEMES]
        return page

    app.openapi = openapi  # type: ignore[method-assign]


def require_own(request: Request, *visitor_ids: str | None) -> None:
    """Raise ``ProblemError`` (403) where the request's token is for another visitor than these."""
    caller = caller_of(request)
    if caller is not None:
        for visitor_id in visitor_ids:
            caller.require_visitor(visitor_id)


def require_any_customer(request: Request, customer_id: str | None) -> None:
    """Raise ``ProblemError`` (403) where a customer is asked about with a token that is for one visitor."""
    caller = caller_of(request)
    if caller is not None and customer_id is not None:
        caller.require_any_visitor("customer_id")
