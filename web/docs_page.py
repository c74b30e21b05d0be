"""The OpenAPI page, under a policy that lets a browser run Swagger UI and call this server, and nothing else."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse

_PATH = "/docs"
_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_UI = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/"


def add_docs(app: FastAPI) -> None:
    """Add the page of ``app.openapi_url``; it takes the place of FastAPI's own."""
    page = bytes(get_swagger_ui_html(openapi_url=str(app.openapi_url), title=app.title).body)
    headers = {"Content-Security-Policy": _policy(page)}

    @app.get(_PATH, include_in_schema=False)
    async def get_docs() -> HTMLResponse:
        return HTMLResponse(page, headers=headers)


def _policy(page: bytes) -> str:
    """Name the page's own script by its digest. Swagger UI sets styles and has pictures as data."""
    [script] = _SCRIPT.findall(page)
    digest = b64encode(sha256(script).digest()).decode()
    rules = {
        "default-src": "'none'",
        "script-src": f"{_UI} 'sha256-{digest}'",
        "style-src": f"{_UI} 'unsafe-inline'",
        "img-src": "data: https://fastapi.tiangolo.com/img/",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())
